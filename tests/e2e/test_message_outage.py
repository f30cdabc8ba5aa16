"""With every provider of messages away loans go on, and when they are back all is told, once."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import httpx
import psycopg
import pytest

from sandbox.gateway.misbehaviour import MESSAGE_CALLS
from tests import given
from tests.api.people import Person
from tests.e2e import loans
from tests.e2e.books import Books
from tests.e2e.dev import Dev
from tests.e2e.gateway import top_up
from tests.e2e.loans import Loan
from tests.e2e.readers import CHANNELS, reach, sent_to

PRICE = 600_000
# Some were tried so often that they rest for half a minute.
RECOVERY = timedelta(seconds=150)
MOVED_ON = "the loan has moved on"
ENDED = "has ended"
_STATUSES = """
SELECT u.email, m.channel, m.status, m.last_error, count(*) FROM messages m
JOIN users u ON u.id = m.user_id GROUP BY 1, 2, 3, 4
"""


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """A sandbox of our own: messages of other tests are not to wait."""
    dev = Dev(tmp_path_factory.mktemp("unheard") / "home")
    dev.start()
    yield dev
    assert dev.stop() == 0


@dataclass(frozen=True)
class Reached:
    """Two people who can be reached by every channel, and want it."""

    lender: Person
    borrower: Person
    addresses: Mapping[str, tuple[str, ...]]


@pytest.fixture
async def people(gateway: httpx.AsyncClient, sara: Person, omid: Person) -> AsyncIterator[Reached]:
    addresses = {person.email: await reach(gateway, person) for person in (sara, omid)}
    yield Reached(sara, omid, addresses)
    await gateway.delete("/control/")


@pytest.mark.parametrize(
    "number", [20, pytest.param(100, marks=[pytest.mark.long, pytest.mark.timeout(400)])]
)
async def test_loans_complete_unheard_and_all_is_told_once_afterwards(
    dev: Dev, gateway: httpx.AsyncClient, books: Books, people: Reached, number: int
) -> None:
    await top_up(gateway, people.borrower, number * PRICE)
    await given.eventually(lambda: nothing_waits(dev))
    before = await outbox_of(gateway, people)
    for operation in sorted(MESSAGE_CALLS):
        fault = {"operation": operation, "behaviour": "outage", "times": None}
        (await gateway.post("/control/", json=fault)).raise_for_status()

    both = people.lender, people.borrower
    finished: list[Loan] = await asyncio.gather(*(loans.whole(*both) for _ in range(number)))

    books.check(*finished)
    waiting = statuses(dev, "queued")
    assert min(waiting[email, "email"] for email in people.addresses) >= number
    await given.eventually(lambda: was_tried(gateway))
    assert await outbox_of(gateway, people) == before

    await gateway.delete("/control/")
    await given.eventually(lambda: nothing_waits(dev), RECOVERY)

    # All that was still worth telling came to each by each channel, as often as the log says.
    after = await outbox_of(gateway, people)
    told = {key: len(letters) for key, letters in after.items()}
    assert told == {key: statuses(dev, "sent")[key] for key in after}
    assert {error for *_, error in rows(dev, "failed")} <= {MOVED_ON}
    # And of the end of each loan each party heard exactly once by each of them.
    for email in people.addresses:
        endings = Counter(about(text) for text in after[email, "email"] if ENDED in text)
        assert {endings[loan.id] for loan in finished} == {1}
        for channel in ("sms", "whatsapp"):
            assert sum(ENDED in text for text in after[email, channel]) == number


def rows(dev: Dev, status: str) -> list[tuple[str, str, int, str | None]]:
    with psycopg.connect(dev.info.database_url) as connection:
        found = connection.execute(_STATUSES).fetchall()
    return [(row[0], row[1], row[4], row[3]) for row in found if row[2] == status]


def statuses(dev: Dev, status: str) -> Counter[tuple[str, str]]:
    """Count the messages about loans that are in a status, by whom they are for and how."""
    counted: Counter[tuple[str, str]] = Counter()
    for email, channel, count, _ in rows(dev, status):
        counted[email, channel] += count
    return counted


async def outbox_of(
    gateway: httpx.AsyncClient, people: Reached
) -> dict[tuple[str, str], list[str]]:
    """Return the texts that each person has by each channel."""
    found: dict[tuple[str, str], list[str]] = {
        (email, channel): [] for email in people.addresses for channel in CHANNELS
    }
    for email, addresses in people.addresses.items():
        for address in addresses:
            for letter in await sent_to(gateway, address):
                found[email, letter["channel"]].append(letter["text"])
    return found


async def was_tried(gateway: httpx.AsyncClient) -> bool:
    calls = (await gateway.get("/control/")).json()["calls"]
    return all(calls.get(operation) for operation in ("postmark", "kavenegar", "whatsapp"))


async def nothing_waits(dev: Dev) -> bool:
    return not statuses(dev, "queued")


def about(letter: str) -> str:
    found = re.search(r"/tickets/([0-9a-f-]{36})", letter)
    return found[1] if found else ""
