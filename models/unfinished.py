"""What is open and needs a workflow, as its rows tell it: what workflows are begun again from."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain import ids
from domain.audit import AuditAction
from domain.errors import NotFound
from domain.payment import Payment
from domain.reversal import Reversal
from domain.ticket import Ticket
from domain.withdrawal import Withdrawal
from models.database import connected, sessions_of
from models.queries import attention, audit, comparison, payments, reversals, tickets, withdrawals
from models.queries.audit import AuditFilter


@dataclass(frozen=True)
class Unfinished:
    """Reads of one moment each; the session sees what was committed before each of them."""

    session: AsyncSession

    async def now(self) -> datetime:
        return await comparison.now(self.session)

    async def subjects(self, before: datetime) -> set[str]:
        """Return the ids of the workflows that what has been open since `before` needs."""
        opened = await comparison.open_objects(self.session, before)
        untold = await payments.untold(self.session)
        return {one.subject for one in opened} | set(map(ids.payment_workflow, untold))

    async def ticket(self, ticket_id: UUID) -> Ticket:
        return await tickets.get(self.session, ticket_id)

    async def payment(self, payment_id: UUID) -> Payment:
        return await payments.get(self.session, payment_id)

    async def withdrawal(self, withdrawal_id: UUID) -> Withdrawal:
        return await withdrawals.get(self.session, withdrawal_id)

    async def reversal(self, reversal_id: UUID) -> Reversal:
        return await reversals.get(self.session, reversal_id)

    async def asker(self, payment_id: UUID) -> UUID:
        """Return who wanted a payment back on its card, as the audit log has it."""
        wanted = AuditFilter(
            subject=ids.payment_workflow(payment_id), action=AuditAction.CARD_REVERSAL_ASKED
        )
        lines = await audit.page(self.session, wanted, limit=1)
        if not lines or lines[0].actor_id is None:
            raise NotFound("The audit log does not say who asked for it.")
        return lines[0].actor_id

    async def robbed(self) -> set[UUID]:
        """Return the pending tickets whose time was given to another one."""
        return await tickets.robbed(self.session)

    async def forget_needs(self, workflow_ids: Collection[str], before: datetime) -> None:
        """Take what workflows that are gone needed off the operators' list."""
        await attention.close_ended(self.session, workflow_ids, before)
        await self.session.commit()


@asynccontextmanager
async def unfinished(database_url: str) -> AsyncIterator[Unfinished]:
    """Read on a connection of its own."""
    async with connected(database_url, pool_size=1) as engine, sessions_of(engine)() as session:
        yield Unfinished(session)
