"""`./assets skip` on a whole sandbox: a month of a loan in a moment, each thing in its own time."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from engine.loan_clock import LoanClock
from sandbox.home import Home
from tests import given
from tests.api.people import Person
from tests.e2e import loans
from tests.e2e.books import Books
from tests.e2e.dev import Dev, command, environment
from tests.e2e.gateway import begin, top_up
from tests.e2e.loans import Loan

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SOON = timedelta(seconds=30)  # how late something may be on a busy machine


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """A sandbox of our own: the loans of other tests are to stay where they are."""
    dev = Dev(tmp_path_factory.mktemp("skip") / "home")
    with pytest.MonkeyPatch.context() as patch:
        # Here a payment is looked at every 2 s, which in half an hour would be 900 times.
        patch.setenv("PAYMENT_WINDOW", "PT2M")
        dev.start()
        yield dev
        assert dev.stop() == 0


@pytest.fixture
async def month(gateway: httpx.AsyncClient, sara: Person, omid: Person) -> Loan:
    """A loan of 30 days that has just begun: fee 3,000,000, deposit 500,000."""
    await top_up(gateway, omid, 5_000_000)
    asset = await sara.lists(max_days=60)
    ticket = await omid.post("/tickets/", {"asset_id": asset["id"], "days": 30})
    loan = Loan(sara, omid, ticket["id"])
    await loan.accept()
    assert (await loan.pay())["status"] == "active"
    return loan


def skip(dev: Dev, *wish: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command("skip", dev.home), *wish],
        env=environment(),
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )


def begin_to_skip(dev: Dev, wish: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*command("skip", dev.home), wish],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ahead(dev: Dev) -> timedelta:
    return LoanClock(Home.at(dev.home).loan_clock).ahead


def time(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def story(loan: Loan) -> dict[str, datetime]:
    """When each thing happened to a loan, in the order in which it is told."""
    found: list[dict[str, Any]] = (await loan.borrower.get(f"/tickets/{loan.id}/timeline/"))[
        "items"
    ]
    return {line["action"]: time(line["at"]) for line in found}


async def test_a_month_passes_and_each_thing_happens_in_its_own_time(
    dev: Dev, books: Books, month: Loan
) -> None:
    ticket = await month.borrower.get(f"/tickets/{month.id}/")
    ends_at = time(ticket["ends_at"])
    later = {"ends_at": (ends_at + DAY).isoformat()}
    await month.borrower.post(f"/tickets/{month.id}/extension/", later)

    most_of_it = skip(dev, "29d12h")

    assert (most_of_it.returncode, most_of_it.stderr) == (0, "")
    assert "Skipping 29 days 12 hours ...\nMoved 1 loan and 0 top-ups.\n" in most_of_it.stdout
    told = await story(month)
    assert list(told)[-3:] == ["extend", "lapse_extension", "remind"]
    assert timedelta(0) <= told["lapse_extension"] - told["extend"] - DAY < SOON
    assert timedelta(0) <= told["remind"] - (ends_at - DAY) < SOON
    assert await month.is_in("active")

    the_rest = skip(dev, "P3D")

    assert the_rest.returncode == 0
    told = await story(month)
    assert list(told.values()) == sorted(told.values())
    assert timedelta(0) <= told["complete"] - (ends_at + 2 * DAY) < SOON
    assert await month.is_in("completed")
    assert (await month.lender.get("/wallet/"))["balance"] == "2850000.00"
    assert (await month.borrower.get("/wallet/"))["balance"] == "2000000.00"
    books.check(month)


async def test_what_comes_after_a_skip_begins_now_in_the_loans_time(
    dev: Dev, gateway: httpx.AsyncClient, books: Books, sara: Person, omid: Person
) -> None:
    assert skip(dev, "2d12h").returncode == 0
    loans_now = datetime.now(UTC) + ahead(dev)

    await top_up(gateway, omid, 600_000)
    loan = await loans.requested(sara, omid)
    asked = await omid.get(f"/tickets/{loan.id}/")
    accepted = await loan.accept()
    paid = await loan.pay()
    completed = await loan.complete()

    assert timedelta(0) <= time(asked["created_at"]) - loans_now < SOON
    assert time(asked["starts_at"]) == time(asked["created_at"])
    assert timedelta(0) <= time(accepted["deadline_at"]) - DAY - time(asked["created_at"]) < SOON
    assert (paid["status"], completed["status"]) == ("active", "completed")
    payment = (await omid.get("/payments/"))["items"][0]
    assert timedelta(0) <= time(payment["created_at"]) - loans_now < SOON
    books.check(loan)


async def test_a_top_up_that_nobody_pays_expires(dev: Dev, omid: Person) -> None:
    payment = await begin(omid, 100_000)

    skipped = skip(dev, "3m")

    assert "Moved 0 loans and 1 top-up." in skipped.stdout
    assert (await omid.get(f"/payments/{payment['id']}/"))["status"] == "expired"


@pytest.mark.parametrize("cut", [signal.SIGINT, signal.SIGKILL])
async def test_a_skip_that_is_cut_short_is_finished_by_the_next_one(
    dev: Dev, month: Loan, cut: signal.Signals
) -> None:
    worker = dev.info.pids["worker"]
    before = ahead(dev)
    os.kill(worker, signal.SIGSTOP)  # so that the loan is on its way until we let it go on
    begun = begin_to_skip(dev, "29d12h")
    await given.eventually(lambda: is_ahead(dev, before + 29 * DAY + 12 * HOUR))
    begun.send_signal(cut)
    _, complaint = begun.communicate(timeout=10)
    os.kill(worker, signal.SIGCONT)

    again = skip(dev)

    assert begun.returncode in {1, -signal.SIGKILL}
    assert ("run skip again without a length of time" in complaint) == (cut is signal.SIGINT)
    assert again.returncode == 0, again.stderr
    assert ahead(dev) == before + 29 * DAY + 12 * HOUR
    assert list(await story(month))[-1] == "remind"
    assert await month.is_in("active")
    await month.complete()


async def is_ahead(dev: Dev, by: timedelta) -> bool:
    return ahead(dev) == by


@pytest.mark.parametrize("wish", ["-3d", "--deployment"])
def test_nonsense_is_refused_and_moves_nothing(dev: Dev, wish: str) -> None:
    before = ahead(dev)

    refused = skip(dev, wish)

    assert refused.returncode == 1
    assert re.fullmatch(r"assets: .+\n", refused.stderr), refused.stderr
    assert ahead(dev) == before


async def test_the_next_start_keeps_the_loans_time(dev: Dev, sara: Person, omid: Person) -> None:
    assert skip(dev, "12h").returncode == 0
    loan = await loans.requested(sara, omid)
    before = ahead(dev)

    assert dev.stop() == 0
    dev.start()

    assert "ahead of this machine's clock: for them it is" in dev.output
    assert ahead(dev) == before
    async with httpx.AsyncClient(base_url=dev.info.api, timeout=30, trust_env=False) as http:
        sara, omid = (Person(http, who.id, who.email, who.token, "") for who in (sara, omid))
        loan = Loan(sara, omid, loan.id)
        requested_at = (await story(loan))["request"]
        accepted = await loan.accept()
        assert timedelta(0) <= time(accepted["deadline_at"]) - DAY - requested_at < 2 * SOON
        assert skip(dev, "25h").returncode == 0
        assert timedelta(0) <= (await story(loan))["expire"] - time(accepted["deadline_at"]) < SOON
