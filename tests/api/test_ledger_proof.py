"""GET /ops/ledger/verify/: what an operator reads of the proofs."""

from decimal import Decimal
from uuid import UUID

import httpx
from sqlalchemy import create_engine, text

from activities.seals import PostgresSealSteps
from domain import ledger
from models.base import new_id
from models.database import Sessions, psycopg_url
from models.queries import ledger as queries
from models.user import User, UserRole
from sandbox.temporal import TemporalServer
from tests import given
from tests.api.conftest import serving, settings_of
from tests.api.people import Person, join, problem
from tests.conftest import as_application

VERIFY = "/ops/ledger/verify/"


async def test_only_operators_verify(http: httpx.AsyncClient, sara: Person) -> None:
    problem(await sara.call("GET", VERIFY), 403, "forbidden")
    problem(await http.get(f"/api/v1{VERIFY}"), 401, "not_authenticated")


async def test_it_tells_what_holds_and_names_what_does_not(
    own_database: str, own_sessions: Sessions, temporal: TemporalServer
) -> None:
    sender, receiver = [await given.a_user(own_sessions) for _ in range(2)]
    await given.a_paid_payment(own_sessions, sender, Decimal(100_000))
    async with own_sessions.begin() as session:
        rent = ledger.transfer(new_id(), sender, receiver, Decimal(500), "rent")
        await queries.post(session, rent)
    await PostgresSealSteps(own_sessions).seal_ledger()
    async with serving(settings_of(as_application(own_database), temporal.address)) as http:
        operator = await an_operator(http, own_sessions)

        honest = await operator.get(VERIFY)
        entry = forge(own_database)
        forged = await operator.get(VERIFY)

    assert (honest["holds"], honest["debits"], honest["credits"]) == (
        True,
        "100500.00",
        "100500.00",
    )
    assert honest["seal"]["number"] == 1
    assert all(proof["holds"] and proof["violations"] == [] for proof in honest["proofs"])
    assert not forged["holds"]
    named = {one["subject"] for proof in forged["proofs"] for one in proof["violations"]}
    assert f"entry {entry}" in named


async def an_operator(http: httpx.AsyncClient, sessions: Sessions) -> Person:
    person = await join(http)
    async with sessions.begin() as session:
        user = await session.get_one(User, UUID(person.id))
        user.role = UserRole.OPERATOR
    return person


def forge(database: str) -> str:
    """Change an entry as only a superuser can, past the triggers."""
    engine = create_engine(psycopg_url(database))
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE ledger_entries DISABLE TRIGGER ALL"))
        forged = connection.execute(
            text(
                "UPDATE ledger_entries SET amount = amount + 1 WHERE id ="
                " (SELECT id FROM ledger_entries ORDER BY seq LIMIT 1) RETURNING id"
            )
        ).scalar_one()
    engine.dispose()
    return str(forged)
