"""A backup is good when it can be restored and all that is in it can be proven, and only then."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config

from backups import revisions, taking, verdict
from backups.checking import Expected, check
from backups.errors import BackupError
from backups.revisions import Age
from backups.verdict import Verdict
from domain.proofs import KnownSeal
from models.database import connected, sessions_of
from models.reencryption import KeyRing
from sandbox.postgres import Postgres
from tests.api.test_ledger_proof import forge
from tests.backups.conftest import RING, populate
from tests.backups.packing import repacked
from tests.conftest import ROOT, as_application, environment, migrate

Checked = Callable[..., Awaitable[Verdict]]


@pytest.fixture
def checked(postgres: Postgres, superuser_url: str) -> Checked:
    """Check a file, on the server that all tests share."""

    async def run(file: Path, ring: KeyRing = RING, **seals: KnownSeal) -> Verdict:
        return await check(file, postgres.superuser_url(), Expected(ring, **seals), migrate)

    return run


async def test_a_sound_backup_is_good(sound: Path, checked: Checked, tmp_path: Path) -> None:
    found = await checked(sound)

    assert found.is_good
    assert [line.split(":")[0] for line in found.right] == [
        "every row, trigger, constraint, function and grant is as it was",
        "the ledger",
        "the audit log",
        "the counters of the reports",
        "the keys",
    ]
    assert "the keys: 1 encrypted values open" in found.right
    said = str(found).splitlines()
    assert said[0].startswith("sound.backup, 0 min old, ")
    assert said[-1] == "The backup is good."
    found.write_figures(tmp_path / "backup.prom")
    figures = (tmp_path / "backup.prom").read_text()
    assert f"assets_backup_bytes {float(found.size)}\n" in figures
    assert "assets_backup_made_timestamp_seconds 1." in figures


async def test_a_row_that_was_changed_before_the_backup_breaks_the_chain(
    own_platform: str, checked: Checked, tmp_path: Path
) -> None:
    """File, manifest and rows agree with each other; only the proofs know better."""
    entry = forge(own_platform)
    await taking.take(own_platform, tmp_path / "forged")

    found = await checked(tmp_path / "forged")

    assert not found.is_good
    assert f"entry {entry}: was changed after seal 1" in found.wrong
    assert "every row, trigger, constraint, function and grant is as it was" in found.right
    assert str(found).endswith("THE BACKUP IS NOT GOOD.")


async def test_a_line_of_the_log_that_was_removed_before_the_backup_is_missed(
    own_platform: str, checked: Checked, tmp_path: Path
) -> None:
    with psycopg.connect(own_platform) as owner:
        owner.execute("ALTER TABLE audit_log DISABLE TRIGGER append_only")
        owner.execute("DELETE FROM audit_log")
        owner.execute("ALTER TABLE audit_log ENABLE ALWAYS TRIGGER append_only")
    await taking.take(own_platform, tmp_path / "silenced")

    found = await checked(tmp_path / "silenced")

    assert any(one.endswith("was removed after seal 1") for one in found.wrong)


async def test_a_counter_that_is_wrong_is_named(
    own_platform: str, checked: Checked, tmp_path: Path
) -> None:
    with psycopg.connect(own_platform) as owner:
        owner.execute("UPDATE report_counts SET value = value + 1 WHERE name = 'users'")
    await taking.take(own_platform, tmp_path / "counted")

    found = await checked(tmp_path / "counted")

    assert [one for one in found.wrong if one.startswith("counter users: ")]


async def test_a_dump_that_lacks_the_rows_of_a_table_is_not_good(
    platform: str, checked: Checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is what was written; what was written is not what there was."""
    forgetful = (*taking._OPTIONS, "--exclude-table-data=ticket_transitions")
    monkeypatch.setattr(taking, "_OPTIONS", forgetful)
    await taking.take(platform, tmp_path / "forgetful")

    found = await checked(tmp_path / "forgetful")

    assert [one for one in found.wrong if one.startswith("table ticket_transitions: 0 rows, not")]


OTHER = b"2" * 32


@pytest.mark.parametrize(
    ("ring", "said"),
    [
        (KeyRing({"k1": OTHER}, RING.index_key), "users.phone: values do not open"),
        (KeyRing({"k2": OTHER}, RING.index_key), "users.phone: no key 'k1' in ENCRYPTION_KEYS"),
        (KeyRing(RING.keys, b"x" * 32), "users.phone: values are not found by their index"),
    ],
    ids=["another key of that name", "no key of that name", "another index key"],
)
async def test_keys_that_do_not_fit_are_told(
    sound: Path, checked: Checked, ring: KeyRing, said: str
) -> None:
    found = await checked(sound, ring)

    assert len(found.wrong) == 1
    assert found.wrong[0].startswith(said)
    assert not [one for one in found.right if "keys" in one]


async def test_a_seal_that_was_noted_must_be_in_it(sound: Path, checked: Checked) -> None:
    manifest = (await checked(sound)).manifest.contents
    assert manifest.ledger_seal
    assert manifest.audit_seal
    ledger = KnownSeal(1, manifest.ledger_seal.digest)
    log = KnownSeal(1, manifest.audit_seal.digest)

    assert (await checked(sound, seal=ledger, audit_seal=log)).is_good
    other = replace(ledger, digest="0" * 64)
    refused = await checked(sound, seal=other, audit_seal=replace(log, number=2))
    assert sorted(refused.wrong) == [
        "audit log: seal 2 is not the one that was noted",
        "seal 1: is not the one that was noted",
    ]


async def test_a_backup_of_the_release_before_is_migrated_and_proven(
    postgres: Postgres,
    empty_database: str,
    checked: Checked,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment(empty_database, empty_database).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ROOT)
    command.upgrade(Config(ROOT / "alembic.ini"), "0017")
    async with connected(as_application(empty_database), pool_size=5) as engine:
        await populate(sessions_of(engine))
    await taking.take(empty_database, tmp_path / "older")

    found = await checked(tmp_path / "older")

    assert found.is_good, found
    assert found.manifest.contents.revision == "0017"
    with psycopg.connect(postgres.superuser_url("restored")) as owner:
        [revision] = owner.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)
    assert revisions.age(revision) is Age.OF_TODAY


async def test_a_backup_of_a_newer_release_is_left_to_that(
    sound: Path, checked: Checked, tmp_path: Path
) -> None:
    newer = repacked(
        sound,
        tmp_path / "newer",
        lambda manifest: replace(manifest, contents=replace(manifest.contents, revision="9999")),
    )

    with pytest.raises(BackupError, match="revision 9999, which this release does not know"):
        await checked(newer)


async def test_figures_go_where_they_can_be_written(
    sound: Path, checked: Checked, tmp_path: Path
) -> None:
    found = await checked(sound)

    with pytest.raises(BackupError, match="Cannot write"):
        found.write_figures(tmp_path / "missing" / "backup.prom")


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (timedelta(seconds=-3), "0 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=26, minutes=5), "1 d 2 h"),
        (timedelta(hours=3, minutes=5), "3 h 5 min"),
    ],
)
def test_ages_are_read_at_a_glance(age: timedelta, said: str) -> None:
    assert verdict.in_words(age) == said
