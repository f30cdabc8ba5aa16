"""Two steps at the same moment, on two connections: what comes of it is what one order allows.

The steps are those of the worker, on real PostgreSQL; with workflows and HTTP around them the
same races are in tests/e2e/test_races.py.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.exceptions import ApplicationError

from domain.ticket import Action
from models.database import Sessions
from models.queries import proofs
from tests.activities.contests import DONE, RACES, Answers, Contest, Left, Race, Step
from tests.lending import Lending, Loan

ROUNDS, MANY_ROUNDS = 20, 200
PROVE_EVERY = 20


class StartingLine(async_sessionmaker[AsyncSession]):
    """Lets the first transaction of each racer begin only when both have a connection."""

    line: asyncio.Barrier | None = None

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:  # type: ignore[override]
        async with super().begin() as session:
            line, self.line = self.line, None
            if line:
                await session.execute(text("SELECT 1"))
                await line.wait()
            yield session


async def run(contest: Contest, lending: Lending, *, swapped: bool) -> Answers:
    """Take both steps at once, and hold the outcome to one of the legal ones."""
    first, second = await at_once(lending, contest.steps, swapped=swapped)
    left = tuple([await _left_of(loan) for loan in contest.loans])
    answers = (first.code, second.code)
    assert left == contest.legal.get(answers), f"answered {answers}"
    # Who takes a time names those who still ask for it: they are told, and none is left waiting.
    waiting = {loan.id for loan, one in zip(contest.loans, left, strict=True) if one.is_waiting}
    assert first.rivals | second.rivals == waiting
    return answers


@dataclass(frozen=True)
class Answer:
    code: str
    rivals: frozenset[UUID] = frozenset()


async def at_once(
    lending: Lending, steps: Sequence[Step], *, swapped: bool
) -> tuple[Answer, Answer]:
    """Take two steps when both have a connection; the order in which they set out is given."""
    line = asyncio.Barrier(2)
    racers = [_at(line, lending, step) for step in steps]
    answered = await asyncio.gather(*(reversed(racers) if swapped else racers))
    first, second = reversed(answered) if swapped else answered
    return first, second


async def _at(line: asyncio.Barrier, lending: Lending, step: Step) -> Answer:
    async with lending.steps.sessions() as session:
        sessions = StartingLine(session.bind, expire_on_commit=False)
    sessions.line = line
    try:
        moved = await step(replace(lending.steps, sessions=sessions))
    except ApplicationError as refusal:
        return Answer(str(refusal.type) if refusal.non_retryable else "would be retried")
    return Answer(DONE, frozenset(moved.rivals))


async def _left_of(loan: Loan) -> Left:
    story = await loan.story()
    return Left((await loan.now()).status, Action(story[-1]), await loan.money())


async def hold_races(race: Race, lending: Lending, rounds: int) -> None:
    outcomes: Counter[Answers] = Counter()
    for number in range(1, rounds + 1):
        contest = await race(lending)
        outcomes[await run(contest, lending, swapped=bool(number % 2))] += 1
        if number % PROVE_EVERY == 0 or number == rounds:
            await prove(lending.steps.sessions)
    assert outcomes.keys() == contest.legal.keys(), "it was no race: one of them always won"


async def prove(sessions: Sessions) -> None:
    async with sessions() as session:
        assert await proofs.findings(session) == []


@pytest.fixture
async def lending(own_sessions: Sessions) -> Lending:
    return await Lending.among_strangers(own_sessions)


@pytest.mark.parametrize("race", RACES.values(), ids=RACES)
async def test_what_comes_of_two_steps_at_once_is_what_one_order_allows(
    race: Race, lending: Lending
) -> None:
    await hold_races(race, lending, ROUNDS)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("race", RACES.values(), ids=RACES)
async def test_two_hundred_times_two_steps_at_once(race: Race, lending: Lending) -> None:
    await hold_races(race, lending, MANY_ROUNDS)
