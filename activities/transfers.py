"""The database step of a transfer: limits, floors and both entries are one transaction."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession
from temporalio import activity

from activities.contracts.wallet import TransferSteps
from activities.refusals import refusals
from domain import ledger as book
from domain.messages import money_notices
from domain.transfer import (
    NewTransfer,
    Transfer,
    TransferLimits,
    check_limits,
    check_parties,
    unknown_receiver,
)
from models.database import Sessions
from models.queries import ledger, notices, transfers

DAY: Final = timedelta(hours=24)


@dataclass(frozen=True)
class PostgresTransferSteps(TransferSteps):
    sessions: Sessions
    limits: TransferLimits

    @activity.defn
    async def transfer(self, new: NewTransfer) -> Transfer:
        """Post a transfer, once. A repeat finds it posted, whatever has changed since."""
        with refusals():
            async with self.sessions.begin() as session:
                # First the sender's turn, then every look: so no two transfers of one user see
                # the same sum of the day, and no repeat overlooks a first try still under way.
                await transfers.lock_sender(session, new.sender_id)
                posted = await transfers.find(session, new.transfer_id)
                return posted or await self._post(session, new)

    async def _post(self, session: AsyncSession, new: NewTransfer) -> Transfer:
        check_parties(new.sender_id, new.receiver_id)
        if not await transfers.can_receive(session, new.receiver_id):
            raise unknown_receiver()
        sent = await transfers.sent_within(session, new.sender_id, DAY)
        check_limits(new.amount, sent, self.limits)
        posting = book.transfer(
            new.transfer_id, new.sender_id, new.receiver_id, new.amount, new.description
        )
        await ledger.post(session, posting)
        posted = await transfers.find(session, new.transfer_id)
        if posted is None:
            raise LookupError(f"{posting.key} was posted and is not there")
        await notices.tell(session, money_notices.received(new))
        return posted
