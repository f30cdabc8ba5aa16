"""Guessing passwords gets slower and slower, and nobody can be locked out by it."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import update

from models.database import Sessions
from models.limit import LoginFailure
from models.user import LoginSession
from settings import Settings
from tests.api.people import PASSWORD, Person, problem
from tests.api.test_limits import a_network, an_address, calling_from

FREE = 5
WAITS_S = (5, 10, 20, 40)
MONTH = timedelta(days=31)
WRONG = "another long password"


async def try_to_log_in(
    http: httpx.AsyncClient, email: str, password: str = WRONG, way: str = "token"
) -> httpx.Response:
    return await http.post(f"/api/v1/auth/{way}/", json={"email": email, "password": password})


async def fail(http: httpx.AsyncClient, email: str, times: int) -> None:
    for _ in range(times):
        problem(await try_to_log_in(http, email), 401, "invalid_credentials")


async def let_pass(sessions: Sessions, seconds: float) -> None:
    earlier = LoginFailure.last_at - timedelta(seconds=seconds)
    async with sessions.begin() as session:
        await session.execute(update(LoginFailure).values(last_at=earlier))


def strict(settings: Settings, **changes: int) -> Settings:
    return settings.model_copy(update=changes)


async def test_after_some_failures_each_further_one_doubles_the_wait(
    settings: Settings, sara: Person, sessions: Sessions
) -> None:
    waits = []
    async with calling_from(settings, an_address()) as [http]:
        await fail(http, sara.email, FREE)
        for _ in WAITS_S:
            refused = await try_to_log_in(http, sara.email)
            problem(refused, 429, "rate_limited")
            waits.append(int(refused.headers["retry-after"]))
            await let_pass(sessions, waits[-1])
            await fail(http, sara.email, 1)

    assert all(longest / 2 < wait <= longest for wait, longest in zip(waits, WAITS_S, strict=True))


async def test_the_right_password_has_to_wait_as_well_and_ends_it(
    settings: Settings, sara: Person, sessions: Sessions
) -> None:
    async with calling_from(settings, an_address()) as [http]:
        await fail(http, sara.email, FREE)
        problem(await try_to_log_in(http, sara.email, PASSWORD), 429, "rate_limited")

        await let_pass(sessions, WAITS_S[0])

        assert (await try_to_log_in(http, sara.email, PASSWORD)).status_code == 200
        await fail(http, sara.email, FREE)


async def test_every_way_in_and_every_address_counts_for_the_account(
    settings: Settings, sara: Person
) -> None:
    addresses = [an_address() for _ in range(FREE + 1)]
    async with calling_from(settings, *addresses) as clients:
        for number, http in enumerate(clients[:FREE]):
            way = ("login", "token")[number % 2]
            problem(
                await try_to_log_in(http, sara.email.upper(), way=way), 401, "invalid_credentials"
            )
        problem(await try_to_log_in(clients[-1], sara.email), 429, "rate_limited")


async def test_of_many_guesses_at_once_no_more_are_compared(
    settings: Settings, sara: Person
) -> None:
    async with calling_from(settings, an_address()) as [http]:
        guesses = [try_to_log_in(http, sara.email) for _ in range(40)]
        answers = await asyncio.gather(*guesses)

    assert sorted(answer.status_code for answer in answers) == [401] * FREE + [429] * 35


async def test_an_unknown_address_is_answered_alike(settings: Settings, sara: Person) -> None:
    told = []
    for email in (sara.email, f"{uuid4().hex}@example.test"):
        async with calling_from(settings, an_address()) as [http]:
            answers = [await try_to_log_in(http, email) for _ in range(FREE + 2)]
        told.append([(answer.status_code, answer.json()["detail"]) for answer in answers])

    assert told[0] == told[1]
    assert told[0][-1][0] == 429


@pytest.mark.parametrize("kind", ["IPv4", "IPv6"])
async def test_nobody_can_lock_an_owner_out_of_where_they_always_are(
    settings: Settings, sara: Person, kind: str
) -> None:
    network = a_network()
    home, same = (an_address(),) * 2 if kind == "IPv4" else (f"{network}::1", f"{network}:a::2")
    async with calling_from(settings, home, same, an_address()) as [before, now, attacker]:
        assert (await try_to_log_in(before, sara.email, PASSWORD)).status_code == 200
        await fail(attacker, sara.email, FREE)
        problem(await try_to_log_in(attacker, sara.email, PASSWORD), 429, "rate_limited")

        assert (await try_to_log_in(now, sara.email, PASSWORD)).status_code == 200


async def test_a_place_where_one_was_long_ago_is_strange_again(
    settings: Settings, sara: Person, sessions: Sessions
) -> None:
    async with calling_from(settings, an_address(), an_address()) as [home, attacker]:
        assert (await try_to_log_in(home, sara.email, PASSWORD)).status_code == 200
        async with sessions.begin() as session:
            await session.execute(
                update(LoginSession).values(last_seen_at=LoginSession.last_seen_at - MONTH)
            )
        await fail(attacker, sara.email, FREE)

        problem(await try_to_log_in(home, sara.email, PASSWORD), 429, "rate_limited")


async def test_one_address_that_tries_many_accounts_has_to_wait(
    settings: Settings, sara: Person
) -> None:
    few = strict(settings, login_failures_per_address=3)
    async with calling_from(few, an_address(), an_address()) as [home, elsewhere]:
        assert (await try_to_log_in(home, sara.email, PASSWORD)).status_code == 200
        for _ in range(3):
            await fail(home, f"{uuid4().hex}@example.test", 1)

        refused = await try_to_log_in(home, f"{uuid4().hex}@example.test")
        known = await try_to_log_in(home, sara.email, PASSWORD)
        other = await try_to_log_in(elsewhere, sara.email, PASSWORD)

    problem(refused, 429, "rate_limited")
    problem(known, 429, "rate_limited")
    assert other.status_code == 200


async def test_an_office_that_mistypes_nothing_never_waits(
    settings: Settings, sara: Person, omid: Person
) -> None:
    few = strict(settings, login_failures_per_address=2)
    async with calling_from(few, an_address()) as [http]:
        for _ in range(4):
            for person in (sara, omid):
                assert (await try_to_log_in(http, person.email, PASSWORD)).status_code == 200


async def test_failures_are_forgotten_with_the_time(
    settings: Settings, sara: Person, sessions: Sessions
) -> None:
    async with calling_from(settings, an_address()) as [http]:
        await fail(http, sara.email, FREE)
        await let_pass(sessions, 15 * 60)
        await fail(http, sara.email, 1)
        problem(await try_to_log_in(http, sara.email), 429, "rate_limited")

        await let_pass(sessions, FREE * 15 * 60)
        await fail(http, sara.email, FREE)


async def test_how_many_failures_are_free_is_a_setting(settings: Settings, sara: Person) -> None:
    few = strict(settings, login_failures_per_account=1)
    async with calling_from(few, an_address()) as [http]:
        await fail(http, sara.email, 1)
        problem(await try_to_log_in(http, sara.email), 429, "rate_limited")
