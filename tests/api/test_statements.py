"""A wallet at a past moment, and its statement: complete, balanced, harmless in a spreadsheet."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from api import csv_statement
from api.accept import prefers
from api.csv_statement import Statement, harmless
from domain import ledger
from models.database import Sessions
from models.queries import ledger as ledger_queries
from models.queries import statements
from tests.api.conftest import Enrich
from tests.api.people import Person, problem

NASTY = [
    "=1+1",
    " \t=HYPERLINK(1)",
    "＝1+1",
    "﹣1",
    "\u200b@SUM(A1)",
    "+98 912",
    "\rx",
    "a;=1+1",
]
PLAIN = [
    'rent, "second half"\nof آبان، مرسی',
    "پول قهوه‌ی دیروز",
    "1 - 1 = 0",
    "'quoted'",
    "",
]


async def sends(sessions: Sessions, sender: Person, to: Person, amount: int, words: str) -> None:
    posting = ledger.transfer(uuid4(), UUID(sender.id), UUID(to.id), Decimal(amount), words)
    async with sessions.begin() as session:
        await ledger_queries.post(session, posting)


async def statement_of(person: Person, **query: Any) -> list[dict[str, str]]:
    answer = await asked(person, "text/csv", **query)
    assert answer.status_code == 200, answer.text
    return read(answer.content)


async def asked(person: Person, accept: str, **query: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {person.token}", "Accept": accept}
    return await person.http.get("/api/v1/wallet/entries/", params=query, headers=headers)


def read(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True))


def adds_up(rows: list[dict[str, str]]) -> bool:
    """Whether a statement balances, row by row, from the opening to the closing balance."""
    opening, *entries, closing = rows
    assert (opening["row"], closing["row"]) == ("opening", "closing")
    assert {row["row"] for row in entries} <= {"entry"}
    balance = Decimal(opening["balance"])
    for row in entries:
        balance += Decimal(row["credit"] or 0) - Decimal(row["debit"] or 0)
        assert Decimal(row["balance"]) == balance
    return balance == Decimal(closing["balance"])


async def test_a_balance_can_be_asked_for_at_any_past_moment(sara: Person, enrich: Enrich) -> None:
    for amount in (10_000, 20_000):
        await enrich(sara, amount)
    second, first = (entry["created_at"] for entry in (await sara.get("/wallet/entries/"))["items"])
    just_before = datetime.fromisoformat(first) - timedelta(microseconds=1)

    async def balance(at: str) -> str:
        found: str = (await sara.get("/wallet/", at=at))["balance"]
        return found

    assert await balance(just_before.isoformat()) == "0.00"
    assert await balance(first) == "10000.00"
    assert await balance(second) == "30000.00"
    assert await balance("2199-01-01T00:00:00Z") == "30000.00"
    assert await balance("2000-01-01T00:00:00Z") == "0.00"


@pytest.mark.usefixtures("worker")
async def test_what_was_held_at_a_past_moment_is_told_after_the_loan_is_over(
    sara: Person, omid: Person, enrich: Enrich
) -> None:
    await enrich(omid, 700_000)
    asset = await sara.lists()
    ticket = await omid.post("/tickets/", {"asset_id": asset["id"], "days": 1})
    await sara.patch(f"/tickets/{ticket['id']}/accept/", {})
    await omid.patch(f"/tickets/{ticket['id']}/pay/", {})
    await sara.patch(f"/tickets/{ticket['id']}/complete/", {})
    back, out, came = (row["created_at"] for row in (await omid.get("/wallet/entries/"))["items"])

    then = [await omid.get("/wallet/", at=at) for at in (came, out, back)]

    assert [(wallet["balance"], wallet["held"]) for wallet in then] == [
        ("700000.00", "0.00"),
        ("100000.00", "600000.00"),
        ("600000.00", "0.00"),
    ]
    assert (await sara.get("/wallet/", at=out))["held"] == "0.00"


@pytest.mark.parametrize("at", ["yesterday", "2026-01-01T00:00:00", "1999-12-31T00:00:00Z"])
async def test_a_moment_that_is_none_is_422(sara: Person, at: str) -> None:
    problem(await sara.call("GET", "/wallet/", at=at), 422, "validation_error")


async def test_a_statement_has_every_entry_between_its_two_balances(
    sara: Person, omid: Person, enrich: Enrich, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_statement, "BATCH", 2)
    await enrich(sara, 100_000)
    for amount in (1_000, 2_000, 3_000, 4_000):
        await sends(sessions, sara, omid, amount, "lunch")
    await sends(sessions, omid, sara, 500, "change")

    whole = await statement_of(sara)

    assert adds_up(whole)
    assert [row["debit"] for row in whole[2:-2]] == ["1000.00", "2000.00", "3000.00", "4000.00"]
    assert [row["credit"] for row in (whole[1], whole[-2])] == ["100000.00", "500.00"]
    assert [row["balance"] for row in (whole[0], whole[-1])] == ["0.00", "90500.00"]
    entries = (await sara.get("/wallet/entries/"))["items"]
    for name in ("transaction_id", "ref", "description", "created_at"):
        assert [row[name] for row in whole[1:-1]] == [entry[name] for entry in reversed(entries)]

    since, until = whole[2]["created_at"], whole[4]["created_at"]
    part = await statement_of(sara, **{"from": since, "to": until})
    assert adds_up(part)
    assert [row["debit"] for row in part[1:-1]] == ["1000.00", "2000.00"]
    assert (part[0]["created_at"], part[-1]["created_at"]) == (since, until)


async def test_a_period_without_entries_opens_and_closes_with_the_same_balance(
    sara: Person, stranger: Person, enrich: Enrich
) -> None:
    await enrich(sara, 10_000)
    [entry] = (await sara.get("/wallet/entries/"))["items"]
    now, later = datetime.now(UTC) + timedelta(hours=1), "2199-01-01T00:00:00Z"

    async def balances(person: Person, **query: Any) -> list[str]:
        return [row["balance"] for row in await statement_of(person, **query)]

    assert await balances(sara, **{"from": now.isoformat(), "to": later}) == ["10000.00"] * 2
    assert await balances(sara, to=entry["created_at"]) == ["0.00", "0.00"]
    assert await balances(sara, **{"from": later}) == ["10000.00"] * 2
    assert await balances(stranger) == ["0.00", "0.00"]


async def test_what_is_posted_while_a_statement_is_read_is_not_in_it(
    sara: Person, omid: Person, enrich: Enrich, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_statement, "BATCH", 1)
    for _ in range(3):
        await enrich(sara, 10_000)
    async with sessions() as session:
        last = await statements.last_line(session, UUID(sara.id))
    now = datetime.now(UTC)
    pieces = []

    async for piece in Statement(UUID(sara.id), None, now, None, last).text(sessions):
        pieces.append(piece)
        await sends(sessions, sara, omid, 1_000, "meanwhile")

    rows = read(b"".join(pieces))
    assert len(pieces) == 1 + 3 + 1
    assert adds_up(rows)
    assert [row["balance"] for row in rows] == ["0.00"] + [
        f"{rials}.00" for rials in (10_000, 20_000, 30_000, 30_000)
    ]


async def test_a_statement_is_a_file_and_says_what_it_is(sara: Person) -> None:
    query = {"from": "2026-03-21T00:00:00+03:30", "to": "2026-04-21T00:00:00+03:30"}

    answer = await asked(sara, "text/csv", **query)

    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["vary"] == "Accept, Origin"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="statement-20260320-20260420.csv"'
    )
    assert answer.content.startswith(b'"row","created_at","description"')
    assert [row["created_at"] for row in read(answer.content)] == [
        "2026-03-20T20:30:00Z",
        "2026-04-20T20:30:00Z",
    ]
    assert (await asked(sara, "*/*")).headers["vary"] == "Accept, Origin"


@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
async def test_a_period_that_ends_before_it_begins_is_422(sara: Person, accept: str) -> None:
    query = {"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}

    [error] = problem(await asked(sara, accept, **query), 422, "validation_error")["errors"]

    assert error["pointer"] == "/query/to"


@pytest.mark.parametrize(
    ("accept", "is_csv"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("text/csv", True),
        ("TEXT/CSV; header=present", True),
        ("text/*", True),
        ("text/csv, application/json", False),
        ("text/csv, application/json;q=0.9", True),
        ("text/csv;q=0.5, application/json", False),
        ("text/csv;q=0, text/*", False),
        ("text/csv, */*;q=0.1", True),
        ("text/csv;q=banana", False),
        ("text/html", False),
        (";;,,q=", False),
    ],
)
def test_the_form_is_the_one_that_is_preferred(accept: str | None, *, is_csv: bool) -> None:
    assert prefers(accept, "text/csv", "application/json") is is_csv


async def test_the_words_of_others_survive_but_are_no_formulas(
    sara: Person, omid: Person, enrich: Enrich, sessions: Sessions
) -> None:
    await enrich(sara, 100_000)
    for words in [*PLAIN, *NASTY]:
        await sends(sessions, sara, omid, 1_000, words)

    rows = await statement_of(omid)

    written = [row["description"] for row in rows[1:-1]]
    assert adds_up(rows)
    assert written[: len(PLAIN)] == PLAIN
    assert written[len(PLAIN) :] == [
        *(f"'{words}" for words in NASTY[:-1]),
        "a;'=1+1",
    ]


@for_all(st.text(alphabet=st.sampled_from("=+-@＝﹢－＠⁼ \t\r\n\u200b\ufeff\xa0;,\"'aس1")))
def test_no_cell_begins_a_formula(text: str) -> None:
    for cell in harmless(text).split(";"):
        visible = cell.strip(" \t\r\n\u200b\ufeff\xa0")
        assert not visible.startswith(tuple("=+-@＝﹢－＠⁼"))
        assert not cell.startswith(("\t", "\r", "\n"))
    assert harmless(text).replace("'", "") == text.replace("'", "")


@for_all(st.text())
def test_a_cell_comes_out_of_the_file_as_it_went_in(text: str) -> None:
    written = csv_statement._csv([(text, Decimal("1.50"), None)])

    assert list(csv.reader(io.StringIO(written.decode(), newline=""))) == [
        [harmless(text), "1.50", ""]
    ]
