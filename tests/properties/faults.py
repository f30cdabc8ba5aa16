"""Processes that die at the worst moment: just before a commit, or just after it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker


class Fault(StrEnum):
    NONE = "none"
    BEFORE = "dies before its commit"
    AFTER = "dies after its commit"
    TWICE = "is taken by two workers at once"


class Died(Exception):
    """Nobody hears what became of the step."""


class MortalSessions(async_sessionmaker[AsyncSession]):
    """Hands out sessions as ever, until `fault` says that the next transaction is the last."""

    fault = Fault.NONE

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:  # type: ignore[override]
        async with super().begin() as session:
            yield session
            self._die(Fault.BEFORE)  # what leaves this block by an error is rolled back
        self._die(Fault.AFTER)

    def _die(self, at: Fault) -> None:
        if self.fault is at:
            self.fault = Fault.NONE
            raise Died
