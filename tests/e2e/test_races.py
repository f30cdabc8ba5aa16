"""Races through the whole system: clicks over HTTP, and the real workflows' real timers.

What one order of the steps allows is told in tests/activities/contests.py; here are the orders
that people and the clock can bring about.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from models.database import create_engine, sessions_of
from models.queries import proofs
from models.user import User, UserRole
from tests import given
from tests.api.loans import SPLIT, Cast, Loan
from tests.api.people import Person, join
from tests.e2e.dev import Dev

ROUNDS, MANY_ROUNDS = 8, 200
AT_A_TIME = 8
MONEY = Decimal(10_000_000_000)
# A loan of a few seconds is over, and an offer has lapsed, before anybody gets bored.
SOON = timedelta(seconds=5)
WINDOWS: Final = {"RETURN_WINDOW": "PT1S", "EXTENSION_WINDOW": "PT6S"}
DONE, ILLEGAL, TAKEN = "done", "illegal_transition", "asset_unavailable"
REQUESTED = ["request"]
ACCEPTED = [*REQUESTED, "accept"]
ACTIVE = [*ACCEPTED, "pay", "handover"]
OFFERED = [*ACTIVE, "extend"]


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """A sandbox of its own, in which people have to be quick."""
    dev = Dev(tmp_path_factory.mktemp("races") / "home")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in WINDOWS.items():
            patch.setenv(name, value)
        dev.start()
    yield dev
    assert dev.stop() == 0


@pytest.fixture
async def cast(hasty: Dev) -> AsyncIterator[Cast]:
    """A lender, two borrowers with money, and two operators."""
    engine = create_engine(hasty.info.database_url, pool_size=AT_A_TIME)
    sessions = sessions_of(engine)
    # A line that was idle for five seconds may be hung up by either side in the same moment.
    limits = httpx.Limits(max_connections=None, keepalive_expiry=1)
    async with httpx.AsyncClient(
        base_url=hasty.info.api, timeout=30, limits=limits, trust_env=False
    ) as http:
        names = ("lender", "borrower", "other borrower", "operator", "other operator")
        people = {name: await join(http) for name in names}
        for name in names[1:3]:
            await given.a_paid_payment(sessions, UUID(people[name].id), MONEY)
        async with sessions.begin() as session:
            for name in names[3:]:
                (await session.get_one(User, UUID(people[name].id))).role = UserRole.OPERATOR
        yield Cast(http, sessions, people)
    async with sessions() as session:
        assert await proofs.findings(session) == []
    await engine.dispose()


def now() -> datetime:
    return datetime.now(UTC)


def soon() -> str:
    return (now() + SOON).isoformat()


@dataclass
class Aim:
    """How many seconds before a deadline a click sets out: it moves to where either may win."""

    lead: float = 0.03

    async def click(self, at: str, click: Callable[[], Awaitable[str]]) -> str:
        left = (datetime.fromisoformat(at) - now()).total_seconds()
        assert left > self.lead, "everything before the race took too long"
        await asyncio.sleep(left - self.lead)  # the race is against the clock itself
        answer = await click()
        self.lead += -0.004 if answer == DONE else 0.004
        return answer


@dataclass(frozen=True)
class Round:
    """What one round of a race has to go on."""

    cast: Cast
    number: int
    aim: Aim = field(default_factory=Aim)

    async def both(
        self, first: Awaitable[httpx.Response], second: Awaitable[httpx.Response]
    ) -> tuple[str, str]:
        """Click twice at once; which one sets out first is turned round by turns."""
        one, other = _code(first), _code(second)
        if self.number % 2:
            return await asyncio.gather(one, other)
        said, heard = await asyncio.gather(other, one)
        return heard, said


Race = Callable[[Round], Coroutine[Any, Any, str]]


async def _code(call: Awaitable[httpx.Response]) -> str:
    answer = await call
    if answer.status_code in {200, 201}:
        return DONE
    assert answer.status_code == 409, answer.text
    code: str = answer.json()["code"]
    return code


async def check(loan: Loan, status: str, story: list[str], **money: Decimal | int) -> None:
    """Hold a loan to its end: what it is, how it came to it, and who has what of it."""

    async def is_so() -> bool:
        return [line["action"] for line in await loan.timeline()] == story

    await given.eventually(is_so)
    assert (await loan.seen_by("borrower"))["status"] == status
    assert await _received(loan) == {who: Decimal(part) for who, part in money.items()}


async def _received(loan: Loan) -> dict[str, Decimal]:
    people = {person.id: who for who, person in loan.cast.people.items()}
    known = people | {str(loan.id): "escrow", None: "platform"}
    received = dict.fromkeys(known.values(), Decimal(0))
    for entry in await loan.postings():
        sign = 1 if entry["type"] == "credit" else -1
        received[known[entry["owner_id"]]] += sign * Decimal(entry["amount"])
    return {who: amount for who, amount in received.items() if amount}


# The races. A loan of three days costs 300,000 rials and 500,000 are its deposit.


async def accept_and_cancel(this: Round) -> str:
    loan = await this.cast.loan_at("pending")
    accepted, cancelled = await this.both(
        loan.take("lender", "accept"), loan.take("borrower", "cancel")
    )
    assert cancelled == DONE
    story = {DONE: [*ACCEPTED, "cancel"], ILLEGAL: [*REQUESTED, "cancel"]}[accepted]
    await check(loan, "cancelled", story)
    return accepted


async def pay_and_expire(this: Round) -> str:
    loan = await this.cast.loan_at("accepted", asset={"handover": "confirmed"}, ends_at=soon())
    deadline = (await loan.seen_by("borrower"))["deadline_at"]
    paid = await this.aim.click(deadline, lambda: _code(loan.take("borrower", "pay")))
    if paid == DONE:
        await check(loan, "escrow", [*ACCEPTED, "pay"], borrower=-600_000, escrow=600_000)
    else:
        await check(loan, "cancelled", [*ACCEPTED, "expire"])
    return paid


async def pay_and_cancel(this: Round) -> str:
    loan = await this.cast.loan_at("accepted")
    paid, cancelled = await this.both(loan.take("borrower", "pay"), loan.take("lender", "cancel"))
    if (paid, cancelled) == (DONE, ILLEGAL):
        await check(loan, "active", ACTIVE, borrower=-800_000, escrow=800_000)
    else:
        assert (paid, cancelled) == (ILLEGAL, DONE)
        await check(loan, "cancelled", [*ACCEPTED, "cancel"])
    return paid


async def complete_and_dispute(this: Round) -> str:
    loan = await this.cast.loan_at("active")
    completed, disputed = await this.both(
        loan.take("lender", "complete"), loan.take("borrower", "dispute")
    )
    if (completed, disputed) == (DONE, ILLEGAL):
        split = {"lender": 285_000, "borrower": -300_000, "platform": 15_000}
        await check(loan, "completed", [*ACTIVE, "complete"], **split)
    else:
        assert (completed, disputed) == (ILLEGAL, DONE)
        await check(loan, "active", [*ACTIVE, "dispute"], borrower=-800_000, escrow=800_000)
    return completed


async def extend_and_end(this: Round) -> str:
    """The lender takes up an offer in the moment in which the loan is over by itself."""
    loan = await this.cast.loan_at("offered", ends_at=soon())
    ticket = await loan.seen_by("borrower")
    assert ticket["extension"]["expires_at"] == ticket["deadline_at"]
    accept = lambda: _code(loan.take("lender", "accept_extension"))  # noqa: E731
    extended = await this.aim.click(ticket["deadline_at"], accept)
    if extended == DONE:  # two days more
        story = [*OFFERED, "accept_extension"]
        await check(loan, "active", story, borrower=-800_000, escrow=800_000)
    else:
        split = {"lender": 95_000, "borrower": -100_000, "platform": 5_000}
        await check(loan, "completed", [*OFFERED, "complete"], **split)
    return extended


async def extend_and_lapse(this: Round) -> str:
    loan = await this.cast.loan_at("offered")
    expires_at = (await loan.seen_by("borrower"))["extension"]["expires_at"]
    accept = lambda: _code(loan.take("lender", "accept_extension"))  # noqa: E731
    extended = await this.aim.click(expires_at, accept)
    if extended == DONE:
        story = [*OFFERED, "accept_extension"]
        await check(loan, "active", story, borrower=-1_000_000, escrow=1_000_000)
    else:
        story = [*OFFERED, "lapse_extension"]
        await check(loan, "active", story, borrower=-800_000, escrow=800_000)
    return extended


async def two_borrowers_for_one_period(this: Round) -> str:
    loan = await this.cast.loan_at("pending")
    rival = await asked_by_another(this.cast, loan)
    first, second = await this.both(loan.take("lender", "accept"), rival.take("lender", "accept"))
    winner, loser = (loan, rival) if first == DONE else (rival, loan)
    assert {first, second} == {DONE, TAKEN}
    await check(winner, "accepted", ACCEPTED)
    await check(loser, "cancelled", [*REQUESTED, "yield_asset"])
    return first


async def extend_and_the_next_borrower(this: Round) -> str:
    """The lender lends for longer, and accepts a request for the same days."""
    loan = await this.cast.loan_at("offered")
    following = await asked_by_another(this.cast, loan, starts_at=loan.asked["ends_at"])
    extended, accepted = await this.both(
        loan.take("lender", "accept_extension"), following.take("lender", "accept")
    )
    assert {extended, accepted} == {DONE, TAKEN}
    if extended == DONE:
        story = [*OFFERED, "accept_extension"]
        await check(loan, "active", story, borrower=-1_000_000, escrow=1_000_000)
        await check(following, "cancelled", [*REQUESTED, "yield_asset"])
    else:
        await check(following, "accepted", ACCEPTED)
    return extended


async def resolve_and_resolve(this: Round) -> str:
    """Two operators divide the escrow in different ways."""
    loan = await this.cast.loan_at("contested")
    other = {"to_lender": "1.00", "to_borrower": "799999.00"}
    first, second = await this.both(
        loan.take("operator", "resolve"), loan.take("other operator", "resolve", **other)
    )
    assert {first, second} == {DONE, ILLEGAL}
    to_lender = Decimal(SPLIT["to_lender"] if first == DONE else other["to_lender"])
    story = [*ACTIVE, "dispute", "contest_claim", "resolve"]
    await check(loan, "completed", story, lender=to_lender, borrower=-to_lender)
    return first


async def asked_by_another(cast: Cast, loan: Loan, **changes: Any) -> Loan:
    """Somebody else asks for the same asset, for the same days unless told otherwise."""
    other: Person = cast.people["other borrower"]
    period = {"starts_at": loan.asked["starts_at"], "days": 3} | changes
    asked = await other.post("/tickets/", {"asset_id": loan.asked["asset_id"], **period})
    return Loan(replace(cast, people=cast.people | {"borrower": other}), asked)


RACES: Final[dict[str, Race]] = {
    "accept/cancel": accept_and_cancel,
    "pay/expire": pay_and_expire,
    "pay/cancel": pay_and_cancel,
    "complete/dispute": complete_and_dispute,
    "extend/end": extend_and_end,
    "extend/lapse": extend_and_lapse,
    "extend/next borrower": extend_and_the_next_borrower,
    "two borrowers for one period": two_borrowers_for_one_period,
    "resolve/resolve": resolve_and_resolve,
}


async def hold_races(race: Race, cast: Cast, rounds: int) -> set[str]:
    """Run so many rounds, some at a time; return how the first of the two was answered."""
    aim, answers = Aim(), set[str]()
    for begun in range(0, rounds, AT_A_TIME):
        numbers = range(begun, min(begun + AT_A_TIME, rounds))
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(race(Round(cast, n, aim))) for n in numbers]
        answers |= {task.result() for task in running}
    return answers


@pytest.mark.parametrize("race", RACES.values(), ids=RACES)
async def test_of_two_who_act_at_once_each_hears_what_became_of_it(race: Race, cast: Cast) -> None:
    await hold_races(race, cast, ROUNDS)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("race", RACES.values(), ids=RACES)
async def test_in_two_hundred_rounds_either_of_the_two_wins(race: Race, cast: Cast) -> None:
    assert len(await hold_races(race, cast, MANY_ROUNDS)) == 2
