"""Amounts in Iranian rials: what counts as one, and how they are divided.

An amount is a `Decimal` with at most two places. Floats never enter: they cannot hold 0.10.
"""

import re
from decimal import ROUND_DOWN, Decimal
from typing import Final

CURRENCY: Final = "IRR"
ZERO: Final = Decimal("0.00")
MAX_AMOUNT: Final = Decimal("9999999999999999.99")  # what NUMERIC(18,2) holds
_CENT: Final = Decimal("0.01")
_AMOUNT: Final = re.compile(r"[0-9]{1,16}(\.[0-9]{1,2})?")


def parse_amount(value: object) -> Decimal:
    """Read an amount as it may come from outside: a string or an integer, never a float.

    Args:
        value: Rials, such as ``"150000"``, ``"150000.5"`` or ``150000``.

    Returns:
        The amount with exactly two places, greater than zero, at most `MAX_AMOUNT`.

    Raises:
        ValueError: If it is anything else, with a message fit for the caller.
    """
    amount = parse_share(value)
    if amount == 0:
        raise ValueError("An amount is greater than 0.")
    return amount


def parse_share(value: object) -> Decimal:
    """Read a share of an amount: like `parse_amount`, but it may be nothing.

    Raises:
        ValueError: If it is anything else, with a message fit for the caller.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError("An amount is a decimal string or an integer, in rials.")
    if isinstance(value, int) and not 0 <= value <= MAX_AMOUNT:
        raise ValueError(f"An amount is not below 0 and at most {MAX_AMOUNT}.")
    if not _AMOUNT.fullmatch(str(value)):
        raise ValueError(
            "An amount has up to sixteen digits, at most two decimal places and no sign."
        )
    return Decimal(value).quantize(_CENT)


def part_of(amount: Decimal, basis_points: int) -> Decimal:
    """Take a share of an amount, rounded down to two places so that no rial is invented.

    Args:
        amount: Rials, zero or more.
        basis_points: Hundredths of a percent, 0 to 10_000.

    Raises:
        ValueError: If either argument is out of range.
    """
    if amount < 0 or not 0 <= basis_points <= 10_000:
        raise ValueError(f"no {basis_points} basis points of {amount}")
    return (amount * basis_points / 10_000).quantize(_CENT, rounding=ROUND_DOWN)
