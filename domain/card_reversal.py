"""Sending a paid payment back to its card: all of it, once, and soon after it was paid."""

from datetime import datetime, timedelta
from typing import Final

from domain.errors import NotReversible
from domain.payment import Payment, PaymentStatus

WINDOW: Final = timedelta(minutes=30)  # the gateway refuses what is older


def check(payment: Payment, at: datetime) -> None:
    """Refuse a reversal that the gateway would refuse, or that was tried before.

    Raises:
        NotReversible: Nothing was paid, it is too late, or it was tried.
    """
    if payment.status is not PaymentStatus.PAID or payment.paid_at is None:
        raise NotReversible(f"A payment that is {payment.status} cannot go back.", payment.status)
    if payment.reversal is not None:
        raise NotReversible("The card was tried before; that is done once.", payment.status)
    if at - payment.paid_at > WINDOW:
        minutes = WINDOW // timedelta(minutes=1)
        raise NotReversible(
            f"The gateway sends money back within {minutes} minutes of the payment.",
            payment.status,
        )
