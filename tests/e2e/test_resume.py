"""`./assets resume`: loans go on although the engine has forgotten them."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from engine.client import connect
from sandbox.home import Home
from tests import given
from tests.api.people import Person, join
from tests.e2e import loans
from tests.e2e.books import Books
from tests.e2e.dev import Dev
from tests.e2e.gateway import begin, pay_at, top_up


async def test_a_loan_that_was_terminated_is_resumed_at_the_command_line(
    dev: Dev, gateway: httpx.AsyncClient, books: Books, sara: Person, omid: Person
) -> None:
    await top_up(gateway, omid, 600_000)
    loan = await loans.active(sara, omid)
    name, info = f"ticket:{loan.id}", dev.info
    client = await connect(info.temporal_address, namespace=info.temporal_namespace, keys=dev.keys)
    await client.get_workflow_handle(name).terminate("by mistake")

    resumed = await dev.run("resume", name)
    again = await dev.run("resume", name)

    assert (resumed.returncode, resumed.stderr) == (0, "")
    assert resumed.stdout == f"{name}\n1 begun again, 0 were running.\n"
    assert again.stdout == "0 begun again, 1 were running.\n"
    await loan.complete()
    books.check(loan)
    over = await dev.run("resume", name)
    assert (over.returncode, over.stdout) == (1, "")
    assert over.stderr == f"assets: This is not open, so nothing has to be done: {name}.\n"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Dev]:
    dev = Dev(tmp_path / "home")
    dev.start()
    yield dev
    assert dev.stop() == 0


def forget_everything(dev: Dev) -> None:
    """Lose the engine's whole memory, as when a database is restored beside an empty engine."""
    assert dev.stop() == 0
    store = Home.at(dev.home).temporal
    for file in store.parent.glob(f"{store.name}*"):
        file.unlink()
    dev.start()


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_everything_goes_on_beside_an_engine_that_is_empty(own: Dev) -> None:
    async with (
        httpx.AsyncClient(base_url=own.info.gateway, timeout=30, trust_env=False) as gateway,
        httpx.AsyncClient(base_url=own.info.api, timeout=30, trust_env=False) as http,
    ):
        sara, omid = await join(http), await join(http)
        await top_up(gateway, omid, 4 * 600_000)
        asked = await loans.requested(sara, omid)
        accepted = await loans.accepted(sara, omid)
        active = [await loans.active(sara, omid) for _ in range(2)]
        payment = await begin(omid, 100_000)
        forget_everything(own)
        await pay_at(gateway, payment["authority"], callback=False)

        resumed = await own.run("resume")

        assert resumed.returncode == 0, resumed.stderr
        assert "5 begun again, 0 were running." in resumed.stdout
        await asked.accept()
        for loan in (asked, accepted):
            await loan.pay()
        every = (asked, accepted, *active)
        for loan in every:
            await loan.complete()
        await given.eventually(lambda: is_paid(omid, payment["id"]))
        Books(own.info.database_url).check(*every)
        assert (await sara.get("/wallet/"))["balance"] == f"{4 * 95_000}.00"
        proof = await own.run("verify-ledger")
        assert proof.returncode == 0, proof.stdout


async def is_paid(who: Person, payment_id: str) -> bool:
    return bool((await who.get(f"/payments/{payment_id}/"))["status"] == "paid")
