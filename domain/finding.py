"""Where workflow, row, ledger and gateway disagree, and about how much money."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class FindingKind(StrEnum):
    """One for each pair of records that can disagree, and each way in which they do."""

    PAID_WITHOUT_DEPOSIT = "paid_without_deposit"
    DEPOSIT_WITHOUT_PAYMENT = "deposit_without_payment"
    REVERSAL_DIFFERS = "reversal_differs"
    WITHDRAWAL_DIFFERS = "withdrawal_differs"
    WORKFLOW_NOT_RUNNING = "workflow_not_running"
    UNKNOWN_TO_US = "unknown_to_us"
    FAILED_HERE = "failed_here"
    NOT_CREDITED = "not_credited"
    NOT_CLAIMED = "not_claimed"
    GATEWAY_DIFFERS = "gateway_differs"
    COUNTER_DIFFERS = "counter_differs"


@dataclass(frozen=True)
class Finding:
    """A mismatch, before it is stored.

    Attributes:
        subject: Such as ``payment:{id}``, or the gateway's authority.
        amount: The money it is about, in rials; zero when no money is.
        detail: A sentence for people.
    """

    kind: FindingKind
    subject: str
    amount: Decimal
    detail: str
