"""Live events beside real workflows: a loan as both parties see it, through an outage."""

import asyncio

import httpx

from tests import loans as story
from tests.api.people import Person
from tests.api.streams import Client
from tests.e2e import loans
from tests.e2e.dev import Dev
from tests.e2e.gateway import top_up

IN_TIME_S = 45.0


async def test_a_stream_outlives_the_database_and_tells_a_whole_loan(
    dev: Dev, gateway: httpx.AsyncClient, sara: Person, omid: Person
) -> None:
    await top_up(gateway, omid, 600_000)
    lender, borrower = Client(sara.token), Client(omid.token)
    async with (
        lender.connected(dev.info.api) as one,
        borrower.connected(dev.info.api) as other,
        asyncio.timeout(IN_TIME_S),
    ):
        for connection in (one, other):
            await connection.read()
        loan = await loans.accepted(sara, omid)
        await other.read_until(2)

        async with dev.without("postgres"):
            pass
        await loan.pay()
        await loan.complete()
        for connection in (one, other):
            await connection.read_until(len(story.STORY))

    for party in (lender, borrower):
        assert [event.data["action"] for event in party.told] == story.STORY
        assert {event.data["ticket_id"] for event in party.told} == {loan.id}
        assert party.ids == sorted(set(party.ids))
