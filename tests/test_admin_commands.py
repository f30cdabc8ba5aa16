"""Commands of those who run a deployment: the first administrator, keys, the audit log's proof."""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy import create_engine, text

from activities.seals import PostgresSealSteps
from models.database import Sessions, psycopg_url
from models.queries import administration, audit, users
from models.queries.administration import AccountFilter
from models.queries.audit import AuditFilter
from models.user import UserRole
from sandbox.home import Home
from sandbox.secrets import Secrets
from sandbox.temporal import TemporalServer
from settings.forms import keyring
from tests import given
from tests.api.conftest import serving, settings_of
from tests.conftest import ROOT, as_application, environment

EMAIL, PASSWORD = "root@example.test", "purple monkey dishwasher 9"


@pytest.fixture
def url(own_database: str) -> str:
    return as_application(own_database)


def run(folder: Path, url: str, *command: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command as an operator does, in a folder of their own."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment(url, url)}
    return subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), *command],
        cwd=folder,
        env=environ,
        input=typed,
        check=False,
        capture_output=True,
        text=True,
    )


def create_admin(
    folder: Path, url: str, *more: str, email: str = EMAIL, typed: str = f"{PASSWORD}\n"
) -> subprocess.CompletedProcess[str]:
    return run(folder, url, "create-admin", "--deployment", "--email", email, *more, typed=typed)


async def test_the_first_administrator_is_made_by_a_command_and_can_log_in(
    url: str, own_sessions: Sessions, tmp_path: Path, temporal: TemporalServer
) -> None:
    made = create_admin(tmp_path, url, email="Root@Example.test")
    again = create_admin(tmp_path, url, typed="another password, which is not set\n")

    assert (made.returncode, again.returncode) == (0, 0), made.stderr + again.stderr
    assert made.stdout == again.stdout == f"{EMAIL} is an administrator.\n"
    assert PASSWORD not in made.stdout + made.stderr
    async with serving(settings_of(url, temporal.address)) as http:
        user = await logged_in(http, PASSWORD)
    assert (user["role"], user["email_verified"]) == ("admin", True)
    async with own_sessions() as session:
        wanted = AuditFilter(subject=f"user:{user['id']}", action=None)
        registered = (await audit.page(session, wanted, limit=10))[-1]
    assert (registered.action, registered.actor_id) == ("registered", None)
    assert registered.details == {"role": "admin", "by": "command"}


async def logged_in(http: httpx.AsyncClient, password: str) -> dict[str, object]:
    credentials = {"email": EMAIL, "password": password}
    answer = await http.post("/api/v1/auth/login/", json=credentials)
    assert answer.status_code == 200, answer.text
    user: dict[str, object] = answer.json()["user"]
    return user


async def test_a_password_that_is_made_is_shown_once(
    url: str, tmp_path: Path, temporal: TemporalServer
) -> None:
    made = create_admin(tmp_path, url, "--generate")
    again = create_admin(tmp_path, url, "--generate")

    found = re.search(r"^password: (\S{20,})$", made.stdout, re.MULTILINE)
    assert found
    assert "password" not in again.stdout
    async with serving(settings_of(url, temporal.address)) as http:
        await logged_in(http, found[1])


@pytest.mark.parametrize(
    ("email", "typed", "words"),
    [
        (EMAIL, "short\n", "12 to 128 characters"),
        (EMAIL, "password1234\n", "among the first"),
        (EMAIL, f"{EMAIL}\n", "no secret"),
        (EMAIL, "", "12 to 128 characters"),
        ("root", f"{PASSWORD}\n", "@-sign"),
    ],
)
async def test_a_weak_password_or_no_address_makes_nobody(
    url: str, own_sessions: Sessions, tmp_path: Path, email: str, typed: str, words: str
) -> None:
    refused = create_admin(tmp_path, url, email=email, typed=typed)

    assert refused.returncode == 1
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr
    async with own_sessions() as session:
        assert not await administration.page(session, AccountFilter(), limit=1)


@pytest.mark.parametrize(
    ("account", "state"),
    [({"role": UserRole.USER}, "user"), ({"role": UserRole.ADMIN, "is_active": False}, "closed")],
)
async def test_somebody_elses_address_does_not_make_them_an_administrator(
    url: str, own_sessions: Sessions, tmp_path: Path, account: dict[str, object], state: str
) -> None:
    await given.a_user(own_sessions, email=EMAIL, **account)

    refused = create_admin(tmp_path, url)

    assert refused.returncode == 1
    assert f"is {state}" in refused.stderr
    async with own_sessions() as session:
        user = await users.by_email(session, EMAIL)
    assert user
    assert (user.role, user.is_active) == (account["role"], account.get("is_active", True))


async def test_the_audit_log_is_proven_by_a_command(
    own_database: str, url: str, own_sessions: Sessions, tmp_path: Path
) -> None:
    create_admin(tmp_path, url)
    sealed = await PostgresSealSteps(own_sessions).seal_ledger()
    seal = ("--seal", f"{sealed.log_number}:{sealed.log_digest}")

    honest = run(tmp_path, url, "verify-audit", "--deployment", *seal)
    engine = create_engine(psycopg_url(own_database))
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_log DISABLE TRIGGER ALL"))
        connection.execute(text("DELETE FROM audit_log"))
    engine.dispose()
    forged = run(tmp_path, url, "verify-audit", "--deployment")

    assert honest.returncode == 0, honest.stderr
    assert honest.stdout.splitlines()[-1] == "The audit log is what it was."
    assert sealed.log_digest in honest.stdout
    assert forged.returncode == 1
    assert re.search(r"BROKEN  line [0-9a-f-]{36}: was removed after seal 1", forged.stdout)


def test_keys_of_a_deployment_are_listed_and_a_new_one_is_shown(url: str, tmp_path: Path) -> None:
    listed = run(tmp_path, url, "keys", "list", "--deployment")
    renewed = run(tmp_path, url, "keys", "reencrypt", "--deployment", "--batch", "10")
    rotated = run(tmp_path, url, "keys", "rotate", "--deployment")

    assert listed.returncode == renewed.returncode == rotated.returncode == 0
    assert "k1 encrypts" in listed.stdout
    assert "withdrawals.iban: no values" in listed.stdout
    assert "withdrawals.iban: 0 renewed" in renewed.stdout
    assert list(keyring(rotated.stdout.splitlines()[0])) == ["k2"]
    assert list(tmp_path.iterdir()) == []  # the settings are elsewhere, and nobody wrote to them


def test_a_sandbox_gets_a_new_key_before_those_that_it_had(url: str, tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    before = Secrets.kept_in(home)

    rotated = run(tmp_path, url, "keys", "rotate", "--home", str(tmp_path))

    after = Secrets.kept_in(home)
    assert rotated.stdout.startswith("k2 is for new values")
    assert list(keyring(after.encryption_keys)) == ["k2", "k1"]
    assert after.encryption_keys.endswith(before.encryption_keys)
    assert (after.jwt_secret, after.index_key) == (before.jwt_secret, before.index_key)


def test_a_sandbox_that_runs_keeps_its_keys(url: str, tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    home.make()
    before = Secrets.kept_in(home)

    with home.lock():
        refused = run(tmp_path, url, "keys", "rotate", "--home", str(tmp_path))

    assert refused.returncode == 1
    assert "Stop it" in refused.stderr
    assert Secrets.kept_in(home) == before


async def test_counters_that_differ_are_set_right(
    tmp_path: Path, own_database: str, url: str, own_sessions: Sessions
) -> None:
    await given.a_user(own_sessions)
    with psycopg.connect(own_database) as owner:
        owner.execute("UPDATE report_counts SET value = 7")

    corrected = run(tmp_path, url, "correct-counters", "--deployment")
    again = run(tmp_path, url, "correct-counters", "--deployment")

    assert corrected.returncode == 0, corrected.stderr
    assert corrected.stdout.splitlines()[0] == "users: 7.00 is now 1"
    assert again.stdout == "The counters are what counting anew comes to.\n"
