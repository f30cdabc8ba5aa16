"""A backup is of one moment, blocks nobody, tells what is in it, and lets no secret out."""

import asyncio
import os
import stat
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from backups import contents, programs, taking
from backups.archive import opened
from backups.errors import BackupError
from backups.restoring import compare, load
from backups.target import Target
from models.database import Sessions
from tests import given
from tests.conftest import as_application


async def test_it_says_what_is_in_it(sound: Path, platform: str) -> None:
    with opened(sound) as backup:
        found = backup.manifest.contents

    assert found.tables["tickets"].rows == 4
    assert found.money.held == Decimal(1_000_000_000) - Decimal(15_000)  # the commission of one
    assert (found.ledger_seal and found.ledger_seal.number) == 1
    assert (found.audit_seal and found.audit_seal.number) == 1
    assert found.keys == {"users.phone": {"k1": 1}, "users.national_id": {}, "withdrawals.iban": {}}
    assert "trigger ledger_entries.append_only (A)" in found.guards
    assert "constraint tickets.tickets_calendar" in found.guards
    assert "grant of SELECT on tickets to assets_app" in found.guards
    assert backup.manifest.roles == ("assets_app",)
    assert await compare(backup.manifest, platform) == []


def test_nobody_else_reads_it(sound: Path) -> None:
    assert stat.S_IMODE(sound.stat().st_mode) == 0o600
    assert [file.name for file in sound.parent.iterdir()] == [sound.name]


async def test_what_is_paid_meanwhile_is_in_all_of_it_or_in_none(
    own_platform: str, own_sessions: Sessions, empty_database: str, tmp_path: Path
) -> None:
    users = [await given.a_user(own_sessions) for _ in range(2)]
    paid = 0

    async def pay() -> None:
        nonlocal paid
        while True:
            for user in users:
                await given.a_paid_payment(own_sessions, user, Decimal(1_000))
                paid += 1

    paying = asyncio.create_task(pay())
    await given.eventually(lambda: _is_true(paid > 2))
    before = paid
    manifest = await taking.take(own_platform, tmp_path / "busy.backup")
    paying.cancel()
    await asyncio.gather(paying, return_exceptions=True)

    assert paid > before
    with opened(tmp_path / "busy.backup") as backup:
        load(backup, Target(empty_database))
    assert await compare(manifest, empty_database) == []


async def _is_true(fact: bool) -> bool:
    return fact


async def test_neither_seals_nor_live_events_wait_for_it(platform: str) -> None:
    """They wait for whoever has the id of a transaction, and a backup takes none."""
    async with contents.one_moment(platform) as session:
        await session.execute(text("SELECT pg_export_snapshot()"))
        await contents.read(session)

        assert await session.scalar(text("SELECT pg_current_xact_id_if_assigned()")) is None


async def test_the_applications_role_is_told_who_may(platform: str, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"permission denied.*MIGRATION_DATABASE_URL"):
        await taking.take(as_application(platform), tmp_path / "new.backup")

    assert not is_anything_in(tmp_path)


def is_anything_in(folder: Path) -> bool:
    return any(folder.iterdir())


async def test_what_pg_dump_may_not_read_ends_it_with_its_words(
    own_platform: str, tmp_path: Path
) -> None:
    """A role that may read every table, but not the sequences, which only the dump has."""
    with psycopg.connect(own_platform) as owner:
        owner.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO assets")

    with pytest.raises(
        BackupError, match=r"pg_dump failed:\n.*lack SELECT privilege on the sequence"
    ):
        await taking.take(as_application(own_platform), tmp_path / "new.backup")

    assert not is_anything_in(tmp_path)


async def test_an_empty_database_is_not_the_platforms(empty_database: str, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="no tables of the platform"):
        await taking.take(empty_database, tmp_path / "new.backup")


async def test_a_server_that_is_away_is_named(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"cannot be read: .*refused"):
        await taking.take("postgresql://assets:app@127.0.0.1:1/assets", tmp_path / "new.backup")


def test_no_program_is_told_a_password_on_its_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCRYPTION_KEYS", "k1:secret")
    monkeypatch.setenv("PGSSLROOTCERT", "/ca.pem")

    shown, environment = programs.login("postgresql://owner:pa%20ss@db:5433/assets?sslmode=require")

    assert "pa ss" not in shown
    assert environment["PGPASSWORD"] == "pa ss"
    assert environment["PGSSLROOTCERT"] == "/ca.pem"
    assert "ENCRYPTION_KEYS" not in environment
    assert {"host=db", "port=5433", "dbname=assets", "sslmode=require"} <= set(shown.split())


def test_the_oldest_programs_that_will_do_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a newer pg_dump wrote an older server may not understand."""
    folders = [program(tmp_path / str(major), major) for major in (19, 15, 17)]
    monkeypatch.setattr(programs, "_folders", lambda _name: iter(folders))

    assert programs.find("pg_dump", at_least=16).major == 17
    assert programs.find("pg_dump", at_least=15).path("pg_dump") == str(folders[1] / "pg_dump")
    with pytest.raises(
        BackupError, match=r"PostgreSQL 20 or newer.*on this machine is: 19, 15, 17"
    ):
        programs.find("pg_dump", at_least=20)


def program(folder: Path, major: int) -> Path:
    folder.mkdir()
    file = folder / "pg_dump"
    file.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {major}.1 (Debian)'\n")
    file.chmod(0o700)
    return folder


def test_the_wheels_programs_are_found_where_there_are_no_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert programs.find("pg_restore", at_least=18).major >= 18
    assert os.access(programs.find("pg_restore", at_least=18).path("pg_restore"), os.X_OK)
