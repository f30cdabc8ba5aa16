"""Two who want one period at the same moment: the database lets one have it, and forgets nobody."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.contracts.tickets import MovedTicket, MoveTicket
from activities.tickets import PostgresTicketSteps
from domain.asset import Asset
from domain.calendar import Period
from domain.deadlines import Windows
from domain.plan import LoanRequest
from domain.ticket import Action, TicketStatus
from models.database import Sessions
from models.queries import calendar, tickets
from tests import given
from tests.given import DAY, NOW

ROUNDS = 100
ASIDE = 10  # rounds that go on at once, each about an asset of its own


@pytest.fixture
def loans(sessions: Sessions) -> PostgresTicketSteps:
    return PostgresTicketSteps(sessions, Windows(), commission_bps=500)


async def outcome(step: Awaitable[MovedTicket]) -> MovedTicket | str:
    """Return what a step came to, or the code of its refusal."""
    try:
        return await step
    except ApplicationError as refusal:
        return str(refusal.type)


async def asked(loans: PostgresTicketSteps, wish: LoanRequest) -> MovedTicket:
    return await ActivityEnvironment().run(loans.open_ticket, wish)


async def accepted(loans: PostgresTicketSteps, wish: LoanRequest, lender: UUID) -> MovedTicket:
    step = MoveTicket(wish.ticket_id, Action.ACCEPT, lender, f"accept {wish.ticket_id}", NOW)
    return await ActivityEnvironment().run(loans.move_ticket, step)


async def a_pair(sessions: Sessions) -> tuple[Asset, LoanRequest, LoanRequest]:
    """Return an asset and two wishes for overlapping periods."""
    asset = await given.a_stored_asset(sessions)
    first = given.a_wish(asset, await given.a_user(sessions))
    second = given.a_wish(
        asset,
        await given.a_user(sessions),
        starts_at=first.starts_at + DAY,
        ends_at=first.ends_at + DAY,
    )
    return asset, first, second


async def repeated(race: Callable[[int], Coroutine[Any, Any, str]]) -> list[str]:
    """Run all rounds, some at a time, so that they disturb one another as in earnest."""
    found: list[str] = []
    for first in range(0, ROUNDS, ASIDE):
        found += await asyncio.gather(*(race(number) for number in range(first, first + ASIDE)))
    return found


async def test_a_request_beside_an_acceptance_is_refused_or_gives_way(
    loans: PostgresTicketSteps, sessions: Sessions
) -> None:
    async def after(round_trips: int, step: Awaitable[MovedTicket]) -> MovedTicket | str:
        async with sessions() as session:
            for _ in range(round_trips):
                await session.execute(select(1))
        return await outcome(step)

    async def race(number: int) -> str:
        asset, first, second = await a_pair(sessions)
        await asked(loans, first)
        late = number % 21 - 10  # each step takes about six round trips
        taken, wish = await asyncio.gather(
            after(max(0, -late), accepted(loans, first, asset.owner_id)),
            after(max(0, late), asked(loans, second)),
        )
        assert isinstance(taken, MovedTicket)
        if isinstance(wish, str):
            async with sessions() as session:
                assert await tickets.find(session, second.ticket_id) is None
            return wish
        assert taken.rivals == (second.ticket_id,)
        return "gives way"

    found = await repeated(race)

    assert set(found) == {"asset_unavailable", "gives way"}


async def test_of_two_acceptances_for_one_period_exactly_one_holds(
    loans: PostgresTicketSteps, sessions: Sessions
) -> None:
    async def race(_: int) -> str:
        asset, first, second = await a_pair(sessions)
        wishes = {wish.ticket_id: wish for wish in (first, second)}
        for wish in wishes.values():
            await asked(loans, wish)
        results = await asyncio.gather(
            *(outcome(accepted(loans, wish, asset.owner_id)) for wish in wishes.values())
        )
        [winner] = [result for result in results if isinstance(result, MovedTicket)]
        [loser] = wishes.keys() - {winner.ticket.id}
        assert set(results) == {winner, "asset_unavailable"}
        assert winner.rivals == (loser,)
        async with sessions() as session:
            assert (await tickets.get(session, loser)).status is TicketStatus.PENDING
            held = await calendar.busy(session, asset.id, Period(NOW, NOW + 30 * DAY))
        assert held == [Period(winner.ticket.starts_at, winner.ticket.ends_at)]
        return "first" if winner.ticket.id == first.ticket_id else "second"

    assert len(await repeated(race)) == ROUNDS


async def test_periods_that_meet_are_both_lent(
    loans: PostgresTicketSteps, sessions: Sessions
) -> None:
    asset, first, second = await a_pair(sessions)
    starts = first.ends_at
    second = replace(second, starts_at=starts, ends_at=starts + timedelta(hours=1))

    for wish in (first, second):
        await asked(loans, wish)
        assert (await accepted(loans, wish, asset.owner_id)).rivals == ()
