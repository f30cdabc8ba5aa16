"""What the gateway says of a payment, held against what we know of it."""

from decimal import Decimal
from typing import Final

from domain import ids
from domain.finding import Finding, FindingKind
from domain.payment import OPEN, CardReversal, Payment, PaymentStatus

FULL_LIST: Final = 100  # the gateway lists its latest; if it lists as many, there may be more

# The gateway's words. A payment that is claimed is VERIFIED there, one that is not is PAID.
_VERIFIED: Final = frozenset({"VERIFIED"})
_REVERSED: Final = frozenset({"REVERSED"})
_NOT_RECEIVED: Final = frozenset({"IN_BANK", "FAILED", "REVERSED"})


def of_unverified(
    authority: str, amount: Decimal, date: str | None, payment: Payment | None
) -> Finding:
    """Say what is wrong with money that waits at the gateway although we had time to claim it."""
    said = f"The gateway holds {amount:,} rials of {date or 'an unknown date'}"
    if payment is None:
        detail = f"{said} under authority {authority}, which is not ours."
        return Finding(FindingKind.UNKNOWN_TO_US, authority, amount, detail)
    subject = ids.payment_workflow(payment.id)
    differs = "" if amount == payment.amount else f" Our row says {payment.amount:,} rials."
    if payment.status is PaymentStatus.FAILED:
        detail = f"{said}; the payment was given up here.{differs}"
        return Finding(FindingKind.FAILED_HERE, subject, amount, detail)
    if payment.status in OPEN:
        detail = f"{said}; it is not credited here, the payment is {payment.status}.{differs}"
        return Finding(FindingKind.NOT_CREDITED, subject, amount, detail)
    detail = f"{said} and says that nobody claimed it; here it is {payment.status}.{differs}"
    return Finding(FindingKind.NOT_CLAIMED, subject, amount, detail)


def of_inquiry(payment: Payment, gateway: str) -> Finding | None:
    """Say what is wrong if the gateway's status of a payment is not what ours implies."""
    if gateway in _implied(payment):
        return None
    detail = f"The payment is {payment.status} here and {gateway} at the gateway."
    subject = ids.payment_workflow(payment.id)
    return Finding(FindingKind.GATEWAY_DIFFERS, subject, payment.amount, detail)


def _implied(payment: Payment) -> frozenset[str]:
    if payment.status is PaymentStatus.PAID:
        on_its_way = payment.reversal is CardReversal.ASKED
        return _VERIFIED | _REVERSED if on_its_way else _VERIFIED
    if payment.status is PaymentStatus.REVERSED:
        # Without a way back to the card its deposit was reversed in the ledger alone.
        return _REVERSED if payment.reversal is CardReversal.DONE else _VERIFIED
    return _NOT_RECEIVED
