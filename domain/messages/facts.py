"""Facts of a message as they are stored: in one form each, and in no language."""

from datetime import datetime
from decimal import Decimal


def rials(amount: Decimal) -> str:
    """Write an amount: ``285000``, or ``285000.50`` where there are parts of a rial."""
    return f"{amount:.2f}".removesuffix(".00")


def rials_if_any(amount: Decimal) -> str:
    """Write an amount, or nothing for nothing."""
    return rials(amount) if amount else ""


def instant(at: datetime | None) -> str:
    """Write an instant as RFC 3339, or nothing for none."""
    return at.isoformat().replace("+00:00", "Z") if at else ""
