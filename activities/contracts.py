"""Every step the business can take: names, inputs, outputs. All that a workflow sees of them.

Each step is one transaction or one outside call and is safe to run twice.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from domain.actions import Terms
from domain.audit import BY_ITSELF, Origin
from domain.errors import DomainError
from domain.payment import Payment, PaymentStatus
from domain.plan import LoanRequest
from domain.reversal import NewReversal, Reversal, ReversalDecision
from domain.ticket import Action, Ticket


def refuse(refusal: DomainError) -> ApplicationError:
    """Turn a refusal into the failure that workflows and the API understand.

    Its type is the refusal's code, its first detail the refusal's facts. A rule will not change
    its mind, so it is not retried; it is no fault either, so it is not logged as one.
    """
    return ApplicationError(
        str(refusal),
        refusal.facts,
        type=refusal.code,
        non_retryable=True,
        category=ApplicationErrorCategory.BENIGN,
    )


@dataclass(frozen=True)
class MoveTicket:
    """Take one action on a ticket.

    Attributes:
        by: The user who acts, None for the system.
        command_id: Names this command for ever; a repeat changes nothing.
        at: The workflow's time, so that a repeat computes the same deadlines.
        terms: What the action needs to be told; most need nothing.
        origin: Where an operator's word came from.
    """

    ticket_id: UUID
    action: Action
    by: UUID | None
    command_id: str
    at: datetime
    note: str | None = None
    terms: Terms | None = None
    origin: Origin = BY_ITSELF


@dataclass(frozen=True)
class MovedTicket:
    """The ticket as it is now.

    Attributes:
        remind_at: When the borrower of an active loan is reminded of its end.
        rivals: Pending tickets that lost their period to this one.
    """

    ticket: Ticket
    remind_at: datetime | None = None
    rivals: tuple[UUID, ...] = ()


class TicketSteps(Protocol):
    @activity.defn
    async def open_ticket(self, request: LoanRequest) -> MovedTicket: ...

    @activity.defn
    async def move_ticket(self, command: MoveTicket) -> MovedTicket: ...


@dataclass(frozen=True)
class NewPayment:
    """A top-up that its payer asked for. `amount` in whole rials."""

    payment_id: UUID
    user_id: UUID
    amount: Decimal
    ticket_id: UUID | None
    at: datetime


@dataclass(frozen=True)
class RecordedPayment:
    """A stored payment, when it shows as expired, and how often the gateway is asked about it."""

    payment: Payment
    expires_at: datetime
    interval: timedelta


@dataclass(frozen=True)
class Opened:
    """The gateway's name for a payment, and the page where it is paid."""

    authority: str
    redirect_url: str


@dataclass(frozen=True)
class Verified:
    """The gateway holds the money. `card_pan` is masked; `fee` is the gateway's, in rials."""

    ref_id: str | None
    card_pan: str | None
    fee: Decimal | None


class Verdict(StrEnum):
    """What the gateway knows of a payment. `unpaid` may still change while its page is open."""

    PAID = "paid"
    UNPAID = "unpaid"


@dataclass(frozen=True)
class Inspection:
    verdict: Verdict
    verified: Verified | None = None


@dataclass(frozen=True)
class MarkPayment:
    """Set what the payer sees of a payment that is not paid."""

    payment_id: UUID
    status: PaymentStatus


@dataclass(frozen=True)
class AttachAuthority:
    payment_id: UUID
    opened: Opened


@dataclass(frozen=True)
class SettlePayment:
    payment_id: UUID
    verified: Verified
    at: datetime


class PaymentSteps(Protocol):
    """Steps inside the database."""

    @activity.defn
    async def record_payment(self, payment: NewPayment) -> RecordedPayment: ...

    @activity.defn
    async def attach_authority(self, command: AttachAuthority) -> Payment: ...

    @activity.defn
    async def mark_payment(self, command: MarkPayment) -> Payment: ...

    @activity.defn
    async def settle_payment(self, command: SettlePayment) -> Payment: ...

    @activity.defn
    async def keep_in_wallet(self, payment_id: UUID) -> Payment: ...


@dataclass(frozen=True)
class Unverified:
    """Money that the gateway holds and that nobody claimed, in rials.

    Attributes:
        date: The gateway's text; its time zone is not documented.
    """

    authority: str
    amount: Decimal
    date: str | None


class GatewaySteps(Protocol):
    """Calls to the payment gateway."""

    @activity.defn
    async def open_at_gateway(self, payment: NewPayment) -> Opened: ...

    @activity.defn
    async def verify_at_gateway(self, payment: Payment) -> Inspection: ...

    @activity.defn
    async def inquire_at_gateway(self, payment: Payment) -> Inspection: ...

    @activity.defn
    async def reverse_at_gateway(self, payment: Payment) -> bool: ...

    @activity.defn
    async def status_at_gateway(self, payment: Payment) -> str: ...

    @activity.defn
    async def list_unverified(self) -> tuple[Unverified, ...]: ...


@dataclass(frozen=True)
class AskCardReversal:
    """An operator's wish, `by` whom and from where."""

    payment_id: UUID
    at: datetime
    by: UUID | None = None
    origin: Origin = BY_ITSELF


@dataclass(frozen=True)
class CloseCardReversal:
    payment_id: UUID
    done: bool


class CardReversalSteps(Protocol):
    """A paid payment goes back to the card it came from, while the gateway still can."""

    @activity.defn
    async def ask_card_reversal(self, command: AskCardReversal) -> Payment: ...

    @activity.defn
    async def close_card_reversal(self, command: CloseCardReversal) -> Payment: ...


@dataclass(frozen=True)
class ToLookAt:
    """What a comparison should have another look at.

    Attributes:
        unclaimed: Open payments that the gateway holds money for.
        doubtful: Payments of which the gateway told something else the last time.
        grace: How long work in flight may take before it counts as a mismatch.
    """

    unclaimed: tuple[Payment, ...]
    doubtful: tuple[Payment, ...]
    grace: timedelta


@dataclass(frozen=True)
class Compare:
    """Compare everything.

    Attributes:
        unverified: What has waited at the gateway for longer than the grace.
        is_whole: False if the gateway did not give its list, or only the newest part of it.
    """

    unverified: tuple[Unverified, ...]
    is_whole: bool


@dataclass(frozen=True)
class ComparePayment:
    """Compare one payment. `gateway` is its status there, None if the gateway did not say."""

    payment_id: UUID
    gateway: str | None


class ReconciliationSteps(Protocol):
    """Workflow, row, ledger and gateway side by side; what differs is kept as a finding."""

    @activity.defn
    async def find_to_look_at(self, unverified: tuple[Unverified, ...]) -> ToLookAt: ...

    @activity.defn
    async def compare(self, command: Compare) -> int: ...

    @activity.defn
    async def compare_payment(self, command: ComparePayment) -> int: ...


class ReversalSteps(Protocol):
    @activity.defn
    async def ask_reversal(self, new: NewReversal) -> Reversal: ...

    @activity.defn
    async def decide_reversal(self, decision: ReversalDecision) -> Reversal: ...
