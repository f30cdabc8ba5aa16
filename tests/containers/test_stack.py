"""All of docker-compose.yml together: it becomes healthy, lends, and outlives a dead worker."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial

import httpx
import pytest

from tests import given
from tests.api.people import Person, join
from tests.containers.stack import Stack, container
from tests.e2e import loans
from tests.e2e.gateway import top_up
from tests.e2e.test_kills import PRICE, some_are_completed

AT_ONCE = 20
ONCE = "restart"  # a one-shot is what is started again only when it has failed


@pytest.fixture
async def http(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stack.api, timeout=30, trust_env=False) as http:
        yield http


@pytest.fixture
async def gateway(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stack.gateway, timeout=30, trust_env=False) as gateway:
        yield gateway


@pytest.fixture
async def sara(http: httpx.AsyncClient) -> Person:
    return await join(http)


@pytest.fixture
async def omid(http: httpx.AsyncClient) -> Person:
    return await join(http)


async def test_all_of_it_becomes_healthy(stack: Stack, http: httpx.AsyncClient) -> None:
    for name, service in stack.services.items():
        if service[ONCE].startswith("on-failure"):
            assert ended(stack, container(name)) == ("exited", 0), stack.logs(container(name))
        elif service.get("healthcheck", {}).get("disable"):
            assert {runs(stack, container(name, number)) for number in (1, 2)} == {True}
        else:
            await given.eventually(partial(is_healthy, stack, name), within=timedelta(minutes=1))

    ready = await http.get("/readyz")
    assert ready.json() == {"database": "ok", "engine": "ok"}
    async with httpx.AsyncClient(trust_env=False) as browser:
        assert (await browser.get(f"{stack.ui}/")).status_code == 200


def test_what_runs_once_can_run_again(stack: Stack) -> None:
    """As with each `up`: roles, schemas, the namespace and the tables are there already."""
    once = [name for name, each in stack.services.items() if each[ONCE].startswith("on-failure")]

    for name in once:
        stack.engine.podman("start", "--attach", container(name))

    assert len(once) == 4


def test_the_application_owns_nothing_that_guards_the_ledger(stack: Stack) -> None:
    question = "SELECT count(*) FROM pg_tables WHERE tableowner = 'assets' OR schemaname = 'none'"
    owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"

    def asked(statement: str) -> str:
        psql = ("psql", "--host=127.0.0.1", "--tuples-only", "--no-align", "assets", "-c")
        return stack.run("postgres", *psql, statement).strip()

    assert asked(question) == "0"
    assert asked(owners) == "assets_owner"


async def test_a_loan_completes(
    stack: Stack, gateway: httpx.AsyncClient, sara: Person, omid: Person
) -> None:
    await top_up(gateway, omid, PRICE)

    await loans.whole(sara, omid)

    assert (await omid.get("/wallet/"))["balance"] == "500000.00"
    assert (await sara.get("/wallet/"))["balance"] == "95000.00"
    prove(stack)


async def test_a_worker_that_is_killed_in_the_middle_changes_nothing(
    stack: Stack, gateway: httpx.AsyncClient, sara: Person, omid: Person
) -> None:
    await top_up(gateway, omid, AT_ONCE * PRICE)
    begun = [asyncio.create_task(loans.whole(sara, omid)) for _ in range(AT_ONCE)]

    await given.eventually(lambda: some_are_completed(omid))
    victim = container("worker")
    killed = stack.kill(victim)
    assert not all(task.done() for task in begun), "it came too late"
    finished = await asyncio.gather(*begun)

    assert len({loan.id for loan in finished}) == AT_ONCE
    assert (await omid.get("/wallet/"))["balance"] == f"{AT_ONCE * 500_000}.00"
    assert (await sara.get("/wallet/"))["balance"] == f"{AT_ONCE * 95_000}.00"
    prove(stack)

    async def is_back() -> bool:
        state = stack.state(victim)
        return bool(state["Running"]) and state["Pid"] != killed

    await given.eventually(is_back, within=timedelta(seconds=30))


def prove(stack: Stack) -> None:
    """Prove every rial and every line with the commands of the guide; they fail if one breaks."""
    for proof in ("verify-ledger", "verify-audit"):
        stack.run("api", "python", "cli.py", proof, "--deployment")


def ended(stack: Stack, name: str) -> tuple[str, int]:
    state = stack.state(name)
    return state["Status"], state["ExitCode"]


def runs(stack: Stack, name: str) -> bool:
    return bool(stack.state(name)["Running"])


async def is_healthy(stack: Stack, service: str) -> bool:
    return stack.is_healthy(service)
