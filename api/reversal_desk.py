"""Takes an operator's decision about a reversal: refuse early, tell the engine, or read the row."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from api import paths
from api.commands.failures import Closed
from api.deps import Caller, Held, Idempotent, Operator, Services
from api.idempotency import Attempt, Idempotency
from api.origin import FromCaller
from api.problems import engine_unavailable
from api.schemas.reversals import ReversalOut
from domain.audit import Origin
from domain.reversal import Reversal, ReversalDecision, ReversalStatus, decided
from models.queries import reversals
from workflows.messages import DecideReversal


@dataclass(frozen=True)
class ReversalDesk:
    """Takes the caller's decision about the reversal of the path."""

    reversal_id: UUID
    operator: Caller
    origin: Origin
    services: Services
    idempotency: Idempotency

    async def give(self, *, approved: bool, note: str | None) -> Response:
        word = DecideReversal(self.operator.id, approved, note, self.origin)

        async def tell(attempt: Attempt) -> ReversalOut:
            async with self.services.turns.of(self.reversal_id):
                return ReversalOut.of(await self._told(word, attempt))

        return await self.idempotency.run(tell, poll=lambda _: paths.reversal(self.reversal_id))

    async def _told(self, word: DecideReversal, attempt: Attempt) -> Reversal:
        stored = await self._stored()
        if attempt.is_first:
            self._check(stored, word)
        try:
            return await self.services.ledger.decide_reversal(
                self.reversal_id, word, attempt.command_id
            )
        except Closed:
            return await self._after_the_end(word)

    async def _after_the_end(self, word: DecideReversal) -> Reversal:
        """Answer from the row: the caller's word was the last one, or it came too late."""
        stored = await self._stored()
        outcome = ReversalStatus.POSTED if word.approved else ReversalStatus.REJECTED
        # A first attempt found the wish open a moment ago, so what the caller decided is this.
        if (stored.decided_by, stored.status) == (word.by, outcome):
            return stored
        self._check(stored, word)
        raise engine_unavailable()  # the row is open, but its workflow is not there

    def _check(self, stored: Reversal, word: DecideReversal) -> None:
        now = datetime.now(UTC)
        decided(stored, ReversalDecision(stored.id, word.by, word.approved, word.note, now))

    async def _stored(self) -> Reversal:
        async with self.services.reads() as session:
            return await reversals.get(session, self.reversal_id)


async def _desk(
    reversal_id: UUID,
    operator: Operator,
    origin: FromCaller,
    services: Held,
    idempotency: Idempotent,
) -> ReversalDesk:
    return ReversalDesk(reversal_id, operator, origin, services, idempotency)


Deciding = Annotated[ReversalDesk, Depends(_desk)]
