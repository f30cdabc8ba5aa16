"""The audit log: append-only, sealed without missing a line, and every change to it is named."""

import asyncio
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from activities.seals import PostgresSealSteps
from domain.audit import AuditAction, AuditLine, Origin
from domain.audit_proof import LogReport
from domain.proofs import KnownSeal
from models.base import new_id
from models.database import Sessions, psycopg_url
from models.queries import audit, audit_seals, seals

FROM_HOME = Origin("203.0.113.7", "01980a5e-6d3f-7cc2-9b1e-4f0d6a2b7c11", uuid4())


def a_line(subject: str = "user:1", actor_id: UUID | None = None) -> AuditLine:
    return AuditLine(AuditAction.LOGIN, actor_id, subject, FROM_HOME, {"by": "password"})


async def write(sessions: Sessions, *lines: AuditLine, line_id: UUID | None = None) -> None:
    for line in lines or (a_line(),):
        async with sessions.begin() as session:
            await audit.record(session, line, line_id)


async def report(sessions: Sessions, known: KnownSeal | None = None) -> LogReport:
    async with sessions() as session:
        return await audit_seals.verify(session, known)


async def seal(sessions: Sessions) -> KnownSeal:
    sealed = await PostgresSealSteps(sessions).seal_ledger()
    return KnownSeal(sealed.log_number, sealed.log_digest)


@pytest.fixture
def owner(own_database: str) -> Iterator[Engine]:
    """The database as its superuser sees it, past every trigger."""
    engine = create_engine(psycopg_url(own_database))
    yield engine
    engine.dispose()


def forge(owner: Engine, *statements: str) -> None:
    with owner.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = 'replica'"))
        for table in ("audit_log", "audit_seals"):
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        for statement in statements:
            connection.execute(text(statement))


async def test_a_line_and_what_it_tells_are_one_transaction(own_sessions: Sessions) -> None:
    async with own_sessions() as session:
        await audit.record(session, a_line())
        await session.rollback()  # what it tells did not happen

    assert (await report(own_sessions)).lines == 0


async def test_what_is_told_once_has_one_line(own_sessions: Sessions) -> None:
    once = new_id()

    await write(own_sessions, line_id=once)
    await write(own_sessions, line_id=once)

    assert (await report(own_sessions)).lines == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_log SET object = 'x'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "INSERT INTO audit_seals SELECT * FROM audit_seals",
        "UPDATE audit_seals SET number = 2",
    ],
)
async def test_the_application_adds_lines_and_changes_nothing(
    own_sessions: Sessions, change: str
) -> None:
    await write(own_sessions)

    with pytest.raises(ProgrammingError, match="permission denied"):
        async with own_sessions.begin() as session:
            await session.execute(text(change))


@pytest.mark.parametrize("table", ["audit_log", "audit_seals"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "TRUNCATE {}"])
def test_not_even_the_owner_takes_something_away(owner: Engine, table: str, change: str) -> None:
    with pytest.raises(DBAPIError, match="is append-only"), owner.begin() as connection:
        connection.execute(text(change.format(table)))


async def test_an_honest_log_holds_and_sealing_twice_seals_once(own_sessions: Sessions) -> None:
    await write(own_sessions, a_line(), a_line())
    first, second = await seal(own_sessions), await seal(own_sessions)
    await write(own_sessions)

    found = await report(own_sessions, first)

    assert first == second
    assert (found.lines, found.unsealed, found.violations) == (3, 1, ())
    assert found.seal
    assert (found.seal.number, found.seal.digest) == (1, first.digest)
    assert str(found).endswith("The audit log is what it was.")


async def test_a_range_holds_so_many_lines_and_the_next_one_goes_on(
    own_sessions: Sessions,
) -> None:
    await write(own_sessions, *(a_line() for _ in range(5)))
    async with own_sessions() as session:
        at = await seals.horizon(session)

    made = []
    for _ in range(4):
        async with own_sessions.begin() as session:
            made.append(await audit_seals.seal(session, at, most=2))

    assert [one and one.number for one in made] == [1, 2, 3, None]
    assert (await report(own_sessions)).violations == ()


FORGERIES = {
    "UPDATE audit_log SET actor_id = gen_random_uuid() WHERE seq = 2": "was changed",
    "UPDATE audit_log SET action = 'logout' WHERE seq = 2": "was changed",
    "UPDATE audit_log SET object = 'user:2' WHERE seq = 2": "was changed",
    "UPDATE audit_log SET request_id = 'another' WHERE seq = 2": "was changed",
    "UPDATE audit_log SET session_id = gen_random_uuid() WHERE seq = 2": "was changed",
    "UPDATE audit_log SET details = '{}' WHERE seq = 2": "was changed",
    "UPDATE audit_log SET at = at - interval '1 day' WHERE seq = 2": "was changed",
    "UPDATE audit_log SET address = NULL WHERE seq = 2": "was changed",
    "DELETE FROM audit_log WHERE seq = 2": "was removed",
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_line_is_named(own_sessions: Sessions, owner: Engine, forgery: str) -> None:
    ids = [new_id() for _ in range(3)]
    for line_id in ids:
        await write(own_sessions, line_id=line_id)
    await seal(own_sessions)

    forge(owner, forgery)

    [violation] = (await report(own_sessions)).violations
    assert violation.subject == f"line {ids[1]}"
    assert violation.detail == f"{FORGERIES[forgery]} after seal 1"


async def test_a_line_that_is_put_between_is_named(own_sessions: Sessions, owner: Engine) -> None:
    await write(own_sessions)
    async with own_sessions() as session:
        await audit.record(session, a_line())  # its number stays free: the line is not committed
    await write(own_sessions)
    await seal(own_sessions)

    forge(
        owner,
        "INSERT INTO audit_log (id, seq, at, action, object, details) OVERRIDING SYSTEM VALUE"
        " VALUES ('00000000-0000-7000-8000-000000000001', 2, now(), 'login', 'user:9', '{}')",
    )

    [violation] = (await report(own_sessions)).violations
    assert violation.subject == "line 00000000-0000-7000-8000-000000000001"
    assert violation.detail == "was inserted after seal 1"
    assert "THE AUDIT LOG WAS CHANGED" in str(await report(own_sessions))


async def test_a_seal_that_is_made_anew_is_not_the_one_that_was_noted(
    own_sessions: Sessions, owner: Engine
) -> None:
    """Whoever can rewrite the database can rewrite the chain; a digest kept elsewhere tells."""
    await write(own_sessions)
    noted = await seal(own_sessions)

    forge(owner, "UPDATE audit_log SET object = 'user:2'", "DELETE FROM audit_seals")
    await seal(own_sessions)

    assert (await report(own_sessions)).holds
    [violation] = (await report(own_sessions, noted)).violations
    assert (violation.subject, violation.detail) == ("seal 1", "is not the one that was noted")


async def test_a_seal_that_was_changed_does_not_fit_the_chain(
    own_sessions: Sessions, owner: Engine
) -> None:
    for _ in range(3):
        await write(own_sessions)
        await seal(own_sessions)

    forge(owner, "DELETE FROM audit_seals WHERE number = 2")

    found = {violation.subject for violation in (await report(own_sessions)).violations}
    assert "seal 3" in found


async def test_a_line_under_way_is_not_missed(own_sessions: Sessions) -> None:
    """Its number is lower than that of a line which is committed before it."""
    async with own_sessions() as slow:
        await audit.record(slow, a_line("user:slow"))
        await write(own_sessions, a_line("user:quick"))

        async with own_sessions() as session:
            at = await seals.horizon(session)
        async with own_sessions() as session:
            assert not await seals.has_settled(session, at)

        sealing = asyncio.create_task(seal(own_sessions))
        await slow.commit()
        await sealing

    found = await report(own_sessions)
    assert (found.lines, found.unsealed, found.violations) == (2, 0, ())


async def test_a_number_is_never_taken_without_a_transaction_id(owner: Engine) -> None:
    """Else a line could have a number below the horizon and nothing that sealing waits for."""
    with owner.begin() as connection:
        taken = connection.execute(text("SELECT pg_current_xact_id_if_assigned()")).scalar_one()
        assert taken is None
        connection.execute(
            text(
                "INSERT INTO audit_log (id, at, action, object, details)"
                " SELECT gen_random_uuid(), now(), 'login', pg_current_xact_id_if_assigned(), '{}'"
            )
        )
        seen = connection.execute(text("SELECT object FROM audit_log")).scalar_one()

    assert seen.isdigit()  # it was there before the row was made, and so before its number


async def test_lines_written_under_load_are_each_sealed(own_sessions: Sessions) -> None:
    async def some() -> None:
        for _ in range(15):
            await write(own_sessions)

    writing = asyncio.gather(*(some() for _ in range(8)))
    while not writing.done():
        await seal(own_sessions)
    await writing
    await seal(own_sessions)

    found = await report(own_sessions)
    assert (found.lines, found.unsealed, found.violations) == (120, 0, ())
    assert found.seal
    assert found.seal.number > 1
