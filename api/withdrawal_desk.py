"""Takes an operator's word about a withdrawal: refuse early, tell the engine, or read the row."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from api import paths
from api.commands.failures import Closed
from api.deps import Caller, Held, Idempotent, Operator, Services
from api.idempotency import Attempt, Idempotency
from api.origin import FromCaller
from api.problems import engine_unavailable
from api.schemas.withdrawals import OperatorWithdrawalOut
from domain.audit import Origin
from domain.withdrawal import Withdrawal, WithdrawalAction, WithdrawalStatus, check
from models.queries import withdrawals
from workflows.messages import DecideWithdrawal, RecordPayout

Word = DecideWithdrawal | RecordPayout


@dataclass(frozen=True)
class WithdrawalDesk:
    """Takes the caller's word about the withdrawal of the path."""

    withdrawal_id: UUID
    operator: Caller
    origin: Origin
    services: Services
    idempotency: Idempotency

    async def give(self, action: WithdrawalAction, word: Word) -> Response:
        async def tell(attempt: Attempt) -> OperatorWithdrawalOut:
            async with self.services.turns.of(self.withdrawal_id):
                return OperatorWithdrawalOut.of(await self._told(action, word, attempt))

        return await self.idempotency.run(
            tell, poll=lambda _: paths.ops_withdrawal(self.withdrawal_id)
        )

    async def _told(self, action: WithdrawalAction, word: Word, attempt: Attempt) -> Withdrawal:
        stored = await self._stored()
        if attempt.is_first:
            check(stored, action, self.operator.id)
        try:
            return await self.services.wallet.about_withdrawal(
                self.withdrawal_id, word, attempt.command_id
            )
        except Closed:
            return await self._after_the_end(action, word, attempt)

    async def _after_the_end(
        self, action: WithdrawalAction, word: Word, attempt: Attempt
    ) -> Withdrawal:
        """Answer from the row: the word was taken before, or it came too late."""
        stored = await self._stored()
        if not attempt.is_first and _is_taken(stored, word):
            return stored
        check(stored, action, self.operator.id)
        raise engine_unavailable()  # the row is open, but its workflow is not there

    async def _stored(self) -> Withdrawal:
        async with self.services.reads() as session:
            return await withdrawals.get(session, self.withdrawal_id)


def _is_taken(stored: Withdrawal, word: Word) -> bool:
    """Tell whether a closed withdrawal says what this word says."""
    if isinstance(word, DecideWithdrawal):
        approved = stored.status is not WithdrawalStatus.REJECTED
        return (stored.decided_by, approved) == (word.by, word.approved)
    if word.bank_reference:
        return stored.bank_reference == word.bank_reference
    return (stored.status, stored.note) == (WithdrawalStatus.FAILED, word.note)


async def _desk(
    withdrawal_id: UUID,
    operator: Operator,
    origin: FromCaller,
    services: Held,
    idempotency: Idempotent,
) -> WithdrawalDesk:
    return WithdrawalDesk(withdrawal_id, operator, origin, services, idempotency)


Deciding = Annotated[WithdrawalDesk, Depends(_desk)]
