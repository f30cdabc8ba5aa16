"""What is sent to running workflows.

Apart from the workflows themselves, because the sandbox loads those anew for each run: a message
defined there would be another class every time.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from uuid import UUID

from temporalio.exceptions import ApplicationError

from domain.actions import Terms
from domain.audit import BY_ITSELF, Origin


@dataclass(frozen=True)
class TicketCommand:
    """Who acts, what they say about it, and the terms if the action has any.

    Attributes:
        origin: Where an operator's word came from, for the audit log. Those of the loan's parties
            are in its timeline.
    """

    by: UUID
    note: str | None = None
    terms: Terms | None = None
    origin: Origin = BY_ITSELF


class Reported(StrEnum):
    """What the payer's browser says on its way back. Never evidence, only a reason to look."""

    OK = "OK"
    NOT_OK = "NOK"


@dataclass(frozen=True)
class CallbackReported:
    status: Reported


class Verb(StrEnum):
    RETRY = "retry"
    ABORT = "abort"


@dataclass(frozen=True)
class Decision:
    """What an operator decided about a parked workflow, who it was, and why.

    Attributes:
        actor: As they call themselves. Whoever sends it from the UI or the command line has no
            account with us.
        by: The account of an operator who is logged in to the API.
        line_id: Of the audit line that tells of it; by that their request knows its own doing.
    """

    action: Verb
    actor: str
    note: str
    by: UUID | None = None
    origin: Origin = BY_ITSELF
    line_id: UUID | None = None


@dataclass(frozen=True)
class ReverseToCard:
    """An operator's wish to send a payment back to its card, and why.

    Attributes:
        line_id: Of the audit line that tells of it; by that the request knows its own doing.
    """

    payment_id: UUID
    by: UUID
    reason: str
    origin: Origin = BY_ITSELF
    line_id: UUID | None = None


@dataclass(frozen=True)
class DecideWithdrawal:
    """An operator's yes or no; with a bank reference the money was sent already, by hand."""

    by: UUID
    approved: bool
    note: str | None = None
    bank_reference: str | None = None
    origin: Origin = BY_ITSELF


@dataclass(frozen=True)
class RecordPayout:
    """What an operator saw at the bank: its reference, or without one why there is none."""

    by: UUID
    bank_reference: str | None = None
    note: str | None = None
    origin: Origin = BY_ITSELF


@dataclass(frozen=True)
class Refused:
    """Why something was not done: the code, the words and the facts of a domain error."""

    code: str
    message: str
    facts: dict[str, str]

    @classmethod
    def of(cls, refusal: ApplicationError) -> Self:
        facts = refusal.details[0] if refusal.details else {}
        return cls(refusal.type or "internal_error", refusal.message, dict(facts))


@dataclass(frozen=True)
class Ending:
    """What a workflow returns, for those who ask again after its end."""

    status: str
    refused: Refused | None = None


@dataclass(frozen=True)
class DecideReversal:
    """An operator's yes or no to taking back a ledger transaction."""

    by: UUID
    approved: bool
    note: str | None = None
    origin: Origin = BY_ITSELF
