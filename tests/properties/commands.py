"""Everything that can be asked of the steps, as values that the model takes as well."""

from dataclasses import dataclass
from uuid import UUID

from activities.contracts.card_reversals import AskCardReversal, CloseCardReversal
from activities.contracts.payments import AttachAuthority, MarkPayment, NewPayment, SettlePayment
from activities.contracts.tickets import MoveTicket
from domain.plan import LoanRequest
from domain.reversal import NewReversal, ReversalDecision
from domain.transfer import NewTransfer
from domain.withdrawal import NewWithdrawal, PayoutResult, WithdrawalDecision


@dataclass(frozen=True)
class KeepInWallet:
    payment_id: UUID


@dataclass(frozen=True)
class SealLedger:
    pass


Command = (
    LoanRequest
    | MoveTicket
    | NewPayment
    | AttachAuthority
    | MarkPayment
    | SettlePayment
    | KeepInWallet
    | AskCardReversal
    | CloseCardReversal
    | NewTransfer
    | NewWithdrawal
    | WithdrawalDecision
    | PayoutResult
    | NewReversal
    | ReversalDecision
    | SealLedger
)


@dataclass(frozen=True)
class Outcome:
    """What a step answered: the code of its refusal, or the part of its result that is compared."""

    refusal: str | None = None
    result: object = None
