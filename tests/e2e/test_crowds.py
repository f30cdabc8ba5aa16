"""Many at once over HTTP: one wins, the others hear why not."""

import asyncio
from collections import Counter
from uuid import uuid4

import httpx

from tests.api.people import Person
from tests.e2e import loans
from tests.e2e.books import Books
from tests.e2e.gateway import top_up

CROWD = 50


async def test_of_fifty_accepts_of_overlapping_requests_one_wins(
    books: Books, sara: Person, omid: Person
) -> None:
    asset = await sara.lists()
    asked = {"asset_id": asset["id"], "days": 3}
    tickets = await asyncio.gather(*(omid.post("/tickets/", asked) for _ in range(CROWD)))

    answers = await asyncio.gather(
        *(sara.call("PATCH", f"/tickets/{ticket['id']}/accept/", {}) for ticket in tickets)
    )

    assert statuses(answers) == {200: 1, 409: CROWD - 1}
    codes = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert codes <= {"asset_unavailable", "illegal_transition"}
    assert len((await omid.get("/tickets/", status="accepted"))["items"]) == 1
    books.check()


async def test_fifty_pays_of_one_ticket_move_the_money_once(
    gateway: httpx.AsyncClient, books: Books, sara: Person, omid: Person
) -> None:
    await top_up(gateway, omid, 2 * 600_000)
    loan = await loans.accepted(sara, omid)

    answers = await asyncio.gather(
        *(
            omid.call("PATCH", f"/tickets/{loan.id}/pay/", {}, key=str(uuid4()))
            for _ in range(CROWD)
        )
    )

    assert statuses(answers) == {200: 1, 409: CROWD - 1}
    assert books.keys(f"ticket:{loan.id}") == {f"ticket:{loan.id}:pay": 1}
    wallet = await omid.get("/wallet/")
    assert (wallet["balance"], wallet["held"]) == ("600000.00", "600000.00")
    books.check()


async def test_twenty_repeats_of_one_request_make_one_ticket(sara: Person, omid: Person) -> None:
    asset = await sara.lists()
    asked, key = {"asset_id": asset["id"], "days": 3}, str(uuid4())

    answers = await asyncio.gather(
        *(omid.call("POST", "/tickets/", asked, key=key) for _ in range(20))
    )

    assert statuses(answers) == {201: 20}
    assert len({answer.content for answer in answers}) == 1
    assert len((await omid.get("/tickets/"))["items"]) == 1


def statuses(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)
