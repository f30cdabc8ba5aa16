"""Loans that are taken to any stage by the steps that do it for real, and what each side got."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import text

from activities.contracts.tickets import MovedTicket, MoveTicket
from activities.tickets import PostgresTicketSteps
from domain.actions import Terms
from domain.asset import Handover
from domain.deadlines import Windows
from domain.dispute import Claim, Division
from domain.extension import Offer
from domain.ticket import Action, Stage, Ticket
from models.database import Sessions
from models.queries import tickets
from models.user import UserRole
from tests import given
from tests.given import DAY, NOW

MONEY: Final = Decimal(1_000_000_000)
# Three days at 100,000 rials, 500,000 of deposit, five hundredths for the platform; then two more
# days, if an offer is taken up.
FEE, DEPOSIT = Decimal(300_000), Decimal(500_000)
WHOLE, LONGER = FEE + DEPOSIT, Decimal(200_000)
COMMISSION = FEE / 20
CLAIM: Final = Claim(Decimal(400_000), "Scratched.")
SPLIT: Final = Division(to_lender=Decimal("250000.01"), to_borrower=Decimal("549999.99"))
_TO_ACTIVE: Final = (Action.ACCEPT, Action.PAY, Action.HANDOVER)
WAYS: Final[dict[Stage, Sequence[Action]]] = {
    Stage.PENDING: (),
    Stage.ACCEPTED: _TO_ACTIVE[:1],
    Stage.ESCROW: _TO_ACTIVE[:2],
    Stage.ACTIVE: _TO_ACTIVE,
    Stage.OFFERED: (*_TO_ACTIVE, Action.EXTEND),
    Stage.CLAIMED: (*_TO_ACTIVE, Action.DISPUTE),
    Stage.CONTESTED: (*_TO_ACTIVE, Action.DISPUTE, Action.CONTEST_CLAIM),
    Stage.COMPLETED: (*_TO_ACTIVE, Action.COMPLETE),
    Stage.CANCELLED: (Action.DECLINE,),
}
# Who does it, if nobody else is named; claims are the lender's. What is not here is the system's.
_BY_LENDER: Final = frozenset(
    {
        Action.ACCEPT,
        Action.DECLINE,
        Action.COMPLETE,
        Action.ACCEPT_EXTENSION,
        Action.DECLINE_EXTENSION,
        Action.DISPUTE,
    }
)
_BY_BORROWER: Final = frozenset(
    {
        Action.CANCEL,
        Action.PAY,
        Action.HANDOVER,
        Action.EXTEND,
        Action.ACCEPT_CLAIM,
        Action.CONTEST_CLAIM,
    }
)
_RECEIVED: Final = text("""
    SELECT coalesce(a.owner_id::text, a.kind),
        sum(CASE e.type WHEN 'credit' THEN e.amount ELSE -e.amount END)
    FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id
    WHERE e.ref = :ref GROUP BY a.id
""")


@dataclass(frozen=True)
class Loan:
    """One ticket and those who are concerned with it."""

    steps: PostgresTicketSteps
    ticket: Ticket  # as it was asked for
    operator: UUID

    @property
    def id(self) -> UUID:
        return self.ticket.id

    def command(self, action: Action, **changes: Any) -> MoveTicket:
        """Prepare an action by the one whose it is, on the usual terms, unless told otherwise."""
        usual = {
            "by": self._actor(action),
            "command_id": str(uuid4()),
            "at": NOW,
            "terms": self._terms(action),
        }
        return MoveTicket(self.id, action, **usual | changes)

    async def take(self, action: Action, **changes: Any) -> MovedTicket:
        return await self.steps.move_ticket(self.command(action, **changes))

    def _actor(self, action: Action) -> UUID | None:
        if action is Action.RESOLVE:
            return self.operator
        if action in _BY_LENDER:
            return self.ticket.lender_id
        return self.ticket.borrower_id if action in _BY_BORROWER else None

    def _terms(self, action: Action) -> Terms | None:
        offer = Offer(self.ticket.ends_at + 2 * DAY)
        known: dict[Action, Terms] = {
            Action.EXTEND: offer,
            Action.DISPUTE: CLAIM,
            Action.RESOLVE: SPLIT,
        }
        return known.get(action)

    async def now(self) -> Ticket:
        async with self.steps.sessions() as session:
            return await tickets.get(session, self.id)

    async def story(self) -> list[str]:
        async with self.steps.sessions() as session:
            return [line.action for line in await tickets.timeline(session, self.id)]

    async def money(self) -> "Money":
        """Return what this loan brought to whom, and cost."""
        async with self.steps.sessions() as session:
            rows = await session.execute(_RECEIVED, {"ref": f"ticket:{self.id}"})
            received = {str(owner): amount for owner, amount in rows}
        return Money(
            lender=received.get(str(self.ticket.lender_id), Decimal(0)),
            borrower=received.get(str(self.ticket.borrower_id), Decimal(0)),
            platform=received.get("platform_revenue", Decimal(0)),
            escrow=received.get(str(self.id), Decimal(0)),
        )


@dataclass(frozen=True)
class Money:
    """Credits minus debits of one loan, in rials."""

    lender: Decimal = Decimal(0)
    borrower: Decimal = Decimal(0)
    platform: Decimal = Decimal(0)
    escrow: Decimal = Decimal(0)


@dataclass(frozen=True)
class Lending:
    """People who lend and borrow, with more money than they need."""

    steps: PostgresTicketSteps
    lender: UUID
    borrower: UUID
    operator: UUID

    @classmethod
    async def among_strangers(cls, sessions: Sessions) -> "Lending":
        lender, borrower = [await given.a_user(sessions) for _ in range(2)]
        operator = await given.a_user(sessions, role=UserRole.OPERATOR)
        await given.a_paid_payment(sessions, borrower, MONEY)
        return cls(PostgresTicketSteps(sessions, Windows(), 500), lender, borrower, operator)

    async def requested(self, **changes: Any) -> Loan:
        """Ask for something of its own, or of `asset`, for three days."""
        asset = changes.pop("asset", None) or await given.a_stored_asset(
            self.steps.sessions,
            owner_id=self.lender,
            handover=changes.pop("handover", Handover.CONFIRMED),
        )
        wish = given.a_wish(asset, changes.pop("borrower", self.borrower), **changes)
        return Loan(self.steps, (await self.steps.open_ticket(wish)).ticket, self.operator)

    async def at(self, stage: Stage, **changes: Any) -> Loan:
        """Take a loan to a stage."""
        loan = await self.requested(**changes)
        for action in WAYS[stage]:
            if action is Action.HANDOVER and loan.ticket.handover is Handover.INSTANT:
                continue
            await loan.take(action)
        return loan
