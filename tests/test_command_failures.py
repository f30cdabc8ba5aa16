"""What a command says when it cannot: what happened and what to do, in a line, no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import ProgrammingError

from commands import failures
from tests.conftest import ROOT, environment

NOBODY = "127.0.0.1:1"
DATABASE = f"postgresql://assets:hidden-password@{NOBODY}/assets"
# One of each way to reach what it needs: the rows, the engine, both.
OF_A_SANDBOX = ("attention", "decide payment:1 retry --note why", "skip 3d")
OF_A_DEPLOYMENT = (
    "attention --deployment",
    "decide payment:1 retry --note why --deployment",
    "prepare-engine",
)
MISTAKES = {
    "nonsense": "No such command 'nonsense'",
    "bench nothing": "is not one of 'loans'",
}


def said(command: str, folder: Path, **settings: str) -> str:
    """Run a command that has to fail; return what it says on its way out."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), *command.split()],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {1, 2}, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize("command", OF_A_SANDBOX)
def test_without_a_sandbox_it_says_how_to_start_one(command: str, tmp_path: Path) -> None:
    home = tmp_path / ".assets"

    assert said(command, tmp_path) == (
        f"assets: No sandbox runs in {home}. Start one: ./assets dev --home {home}\n"
    )


@pytest.mark.parametrize("command", OF_A_DEPLOYMENT)
def test_without_settings_it_names_those_that_are_missing(command: str, tmp_path: Path) -> None:
    told = said(command, tmp_path, JWT_SECRET="too-short")

    assert told.count("\n") == 1
    assert "Missing: SECRET_KEY, ENCRYPTION_KEYS, INDEX_KEY, DATABASE_URL" in told
    assert "JWT_SECRET: " in told
    assert ".env.example" in told
    assert "too-short" not in told


@pytest.mark.parametrize("command", OF_A_DEPLOYMENT)
def test_where_nobody_answers_it_says_who(command: str, tmp_path: Path) -> None:
    told = said(command, tmp_path, **environment(DATABASE, DATABASE), TEMPORAL_ADDRESS=NOBODY)

    assert told.startswith(("assets: Temporal does not answer.", "assets: PostgreSQL did not do"))
    assert told.rstrip().endswith(("TEMPORAL_ADDRESS right?", "DATABASE_URL right?"))
    assert told.count("\n") == 1
    assert "hidden-password" not in told


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_cannot_be_read_is_explained(mistake: str, tmp_path: Path) -> None:
    told = said(mistake, tmp_path)

    assert MISTAKES[mistake] in told
    assert "Try 'assets" in told


def test_a_database_that_was_not_migrated_is_told_apart() -> None:
    missing = psycopg.errors.UndefinedTable('relation "tickets" does not exist\nLINE 1: SELECT')

    assert failures.told(ProgrammingError("SELECT", {}, missing)) == (
        'The database is not that of this version: relation "tickets" does not exist.'
        " Migrate it: alembic upgrade head"
    )


@pytest.mark.parametrize("mistake", [KeyError("x"), RuntimeError("x"), ValueError("x")])
def test_a_mistake_of_ours_keeps_its_traceback(mistake: Exception) -> None:
    assert failures.told(mistake) is None
