"""What is restored is what was backed up, and works; what cannot be right touches nothing."""

from dataclasses import replace
from pathlib import Path
from typing import LiteralString
from uuid import uuid4

import psycopg
import pytest

from activities.seals import PostgresSealSteps
from backups import contents, sequences, taking
from backups.archive import opened
from backups.errors import BackupError
from backups.manifest import Contents, Manifest
from backups.restoring import Restored, compare, load, restore
from backups.target import Target
from domain.ticket import Stage
from models import verification
from models.database import Sessions, connected, sessions_of
from tests.backups.packing import flipped, repacked
from tests.conftest import as_application
from tests.lending import Lending


def manifest_of(file: Path) -> Manifest:
    with opened(file) as backup:
        return backup.manifest


def databases(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT datname FROM pg_database").fetchall()
    return {name for (name,) in rows}


async def test_a_restored_platform_lends_on(sound: Path, empty_database: str) -> None:
    restored = await restore(empty_database, sound, replace=False)

    assert restored == Restored(manifest_of(sound), kept=None, roles=())
    async with connected(as_application(empty_database), pool_size=5) as engine:
        sessions = sessions_of(engine)
        lending = await Lending.among_strangers(sessions)
        await lending.at(Stage.COMPLETED)
        assert (await PostgresSealSteps(sessions).seal_ledger()).number == 2
        assert (await verification.verify(empty_database)).holds


async def test_a_database_that_has_tables_is_left_as_it_is(sound: Path, platform: str) -> None:
    before = await everything(platform)

    with pytest.raises(BackupError, match=r"has tables already\. With --replace"):
        await restore(platform, sound, replace=False)

    assert await everything(platform) == before


async def everything(url: str) -> Contents:
    async with contents.one_moment(url) as session:
        return await contents.read(session)


async def test_what_is_replaced_is_kept_under_another_name(
    sound: Path, own_platform: str, own_sessions: Sessions
) -> None:
    before = await everything(own_platform)
    await own_sessions.kw["bind"].dispose()  # nobody is connected any more

    restored = await restore(own_platform, sound, replace=True)

    assert restored.kept
    assert restored.kept.startswith(f"{Target(own_platform).name}_before_")
    kept = Target(own_platform).named(restored.kept)
    assert await everything(kept.url) == before
    assert await compare(restored.manifest, own_platform) == []
    Target(own_platform).drop(restored.kept)


def test_two_databases_change_their_names_together_or_not_at_all(empty_database: str) -> None:
    target = Target(empty_database)
    new, kept = target.create(f"{target.name}_restoring"), f"{target.name}_before"

    with psycopg.connect(new.url), pytest.raises(BackupError, match="being accessed"):
        target.give_place_to(new, kept)

    assert {target.name, new.name} <= databases(empty_database)
    assert kept not in databases(empty_database)
    target.drop(new.name)


async def test_a_database_that_is_in_use_is_not_touched(sound: Path, empty_database: str) -> None:
    with (
        psycopg.connect(empty_database, application_name="assets-worker"),
        pytest.raises(BackupError, match=r"in use by assets-worker \(process \d+\)\. Stop every"),
    ):
        await restore(empty_database, sound, replace=True)

    assert Target(empty_database).is_empty()


async def test_a_damaged_file_touches_nothing(
    sound: Path, empty_database: str, tmp_path: Path
) -> None:
    damaged = flipped(sound, tmp_path / "damaged", at=10_000)

    with pytest.raises(BackupError, match="is not what was written"):
        await restore(empty_database, damaged, replace=False)

    assert Target(empty_database).is_empty()


async def test_what_differs_from_its_manifest_does_not_take_the_place_of_anything(
    sound: Path, own_platform: str, own_sessions: Sessions, tmp_path: Path
) -> None:
    def more_tickets(manifest: Manifest) -> Manifest:
        tickets = replace(manifest.contents.tables["tickets"], rows=5)
        tables = manifest.contents.tables | {"tickets": tickets}
        return replace(manifest, contents=replace(manifest.contents, tables=tables))

    lie = repacked(sound, tmp_path / "lie", more_tickets)
    await own_sessions.kw["bind"].dispose()
    before, known = await everything(own_platform), databases(own_platform)

    with pytest.raises(BackupError, match="table tickets: 4 rows, not the 5 that were backed up"):
        await restore(own_platform, lie, replace=True)

    assert await everything(own_platform) == before
    assert databases(own_platform) == known


async def test_a_dump_that_pg_restore_refuses_leaves_the_database_empty(
    sound: Path, empty_database: str
) -> None:
    """All of it or nothing: something in its way shows only after half of it is there."""
    with psycopg.connect(empty_database) as connection:
        connection.execute("CREATE FUNCTION refuse_change() RETURNS int LANGUAGE sql RETURN 1")

    with pytest.raises(BackupError, match=r"pg_restore failed:\n.*refuse_change"):
        await restore(empty_database, sound, replace=False)

    assert Target(empty_database).is_empty()


async def test_roles_that_the_server_does_not_have_are_made_first(
    own_platform: str, empty_database: str, tmp_path: Path
) -> None:
    reader, file = f"reader_{uuid4().hex}", tmp_path / "read.backup"
    with psycopg.connect(own_platform) as owner:
        owner.execute(f"CREATE ROLE {reader}")
        owner.execute(f"GRANT SELECT ON tickets TO {reader}")
    await taking.take(own_platform, file)
    with psycopg.connect(own_platform) as owner:
        owner.execute(f"DROP OWNED BY {reader}")
        owner.execute(f"DROP ROLE {reader}")

    restored = await restore(empty_database, file, replace=False)

    assert restored.roles == (reader,)
    assert await compare(restored.manifest, empty_database) == []
    with psycopg.connect(empty_database) as owner:
        owner.execute(f"DROP OWNED BY {reader}")
        owner.execute(f"DROP ROLE {reader}")


async def test_a_login_that_may_not_make_a_role_is_told_what_it_lacks(
    sound: Path, empty_database: str, tmp_path: Path
) -> None:
    foreign = repacked(
        sound, tmp_path / "foreign", lambda manifest: replace(manifest, roles=("stranger",))
    )

    with pytest.raises(BackupError, match="CREATEROLE and CREATEDB"):
        await restore(as_application(empty_database), foreign, replace=False)


async def test_a_server_older_than_the_backup_is_refused(
    sound: Path, empty_database: str, tmp_path: Path
) -> None:
    newer = repacked(sound, tmp_path / "newer", lambda manifest: replace(manifest, server=99))

    with pytest.raises(BackupError, match="is of PostgreSQL 99 and cannot be restored into"):
        await restore(empty_database, newer, replace=False)


HARM: dict[LiteralString, str] = {
    "DROP TABLE quiet_hours": "table quiet_hours: is missing",
    "CREATE TABLE pest (a int)": "table pest: was not in the backup",
    "ALTER TABLE events DISABLE TRIGGER append_only": (
        "trigger events.append_only (A): is missing"
    ),
    "DELETE FROM events": "table events: 0 rows, not the ",
    "UPDATE users SET full_name = 'Nobody' WHERE role = 'operator'": "table users: its ",
    "DROP TRIGGER append_only ON audit_log": "trigger audit_log.append_only (A): is missing",
    "ALTER TABLE ledger_entries ENABLE TRIGGER append_only": (
        "trigger ledger_entries.append_only (O): was not in the backup"
    ),
    "ALTER TABLE tickets DROP CONSTRAINT tickets_calendar": (
        "constraint tickets.tickets_calendar: is missing"
    ),
    "DROP INDEX users_role_id_idx": "index users_role_id_idx: is missing",
    "ALTER FUNCTION seal_audit_log(bigint, integer) SECURITY INVOKER": "function seal_audit_log(",
    "REVOKE SELECT ON tickets FROM assets_app": "grant of SELECT on tickets to assets_app: is ",
    "GRANT DELETE ON ledger_entries TO assets_app": (
        "grant of DELETE on ledger_entries to assets_app: was not in the backup"
    ),
    "ALTER SEQUENCE audit_log_seq_seq RESTART WITH 1": "sequence audit_log_seq_seq: it stands at 0",
    "UPDATE alembic_version SET version_num = '0001'": "revision: 0001, where the backup has ",
}


async def test_whatever_got_lost_or_came_in_on_the_way_is_named(
    sound: Path, empty_database: str
) -> None:
    with opened(sound) as backup:
        load(backup, Target(empty_database))
        with psycopg.connect(empty_database) as owner:
            for statement in HARM:
                owner.execute(statement)

        found = await compare(backup.manifest, empty_database)

    for statement, said in HARM.items():
        assert [one for one in found if one.startswith(said)], (statement, found)


async def test_nobody_is_told_of_sequences_that_are_right(platform: str) -> None:
    async with contents.one_moment(platform) as session:
        assert await sequences.behind(session) == []
