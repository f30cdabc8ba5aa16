"""The rooms keep their walls: what each may import, and how large a thing in it may grow."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = (
    "domain",
    "models",
    "gateways",
    "activities",
    "workflows",
    "engine",
    "metrics",
    "telemetry",
    "crash_points",
    "api",
    "composition",
    "backups",
    "commands",
    "sandbox",
    "chaos",
)
# What a room may use of other people's code: a room is an import licence.
LICENCES = {
    "domain": {"persiantools"},  # the calendar of its readers: pure functions
    "models": {"sqlalchemy", "psycopg", "uuid_utils", "cryptography"},
    "gateways": {"httpx"},
    "activities": {"temporalio", "sqlalchemy"},
    "workflows": {"temporalio"},
    "engine": {"temporalio", "cryptography"},
    "metrics": {"prometheus_client", "sqlalchemy"},
    "crash_points": {"temporalio", "sqlalchemy", "httpx", "starlette"},
    "backups": {
        "sqlalchemy",
        "psycopg",
        "pydantic",
        "cryptography",
        "alembic",
        "prometheus_client",
    },
    "telemetry": {"temporalio", "sqlalchemy", "httpx", "structlog", "opentelemetry"},
    "chaos": {"httpx", "psutil", "psycopg", "pydantic", "sqlalchemy", "temporalio"},
}
ROOTS = ("worker.py", "cli.py")
MAY_READ_SETTINGS = {"api/app.py", "api/openapi.py", "migrations/env.py", *ROOTS}
ROOMS_THAT_READ_SETTINGS = ("composition/", "commands/", "sandbox/")
IO_LIBRARIES = {"sqlalchemy", "psycopg", "httpx", "fastapi", "uvicorn", "alembic"}
LONGEST_FILE = 300


def sources(*rooms: str) -> list[Path]:
    found = [path for room in rooms for path in (ROOT / room).rglob("*.py")]
    return found + [ROOT / name for name in ROOTS if not rooms]


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("room", LICENCES)
def test_a_room_imports_what_its_licence_names(room: str) -> None:
    allowed = LICENCES[room] | set(sys.stdlib_module_names) | set(ROOMS)

    for path in sources(room):
        assert set(imports(path)) <= allowed, path


def test_only_composition_roots_read_the_settings() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for path in [*sources(*ROOMS), *sources(), *sources("migrations")]
        if "settings" in imports(path)
    }

    assert {
        path for path in readers if not path.startswith(ROOMS_THAT_READ_SETTINGS)
    } <= MAY_READ_SETTINGS


@pytest.mark.parametrize(
    "init",
    [path for path in sources(*ROOMS) if path.name == "__init__.py"],
    ids=lambda path: str(path.parent.relative_to(ROOT)),
)
def test_packages_have_an_empty_init(init: Path) -> None:
    """A re-export would drag SQLAlchemy behind every import of a value."""
    assert init.read_text() == ""


def test_naming_a_workflow_loads_no_library_that_does_io() -> None:
    """The linter reads text; this one looks at what Python really loaded."""
    code = (
        "import sys, workflows.ticket, workflows.payment;"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()

    assert not IO_LIBRARIES & set(loaded)


@pytest.mark.parametrize(
    "path", sources(*ROOMS, "settings"), ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_file_is_small_and_says_what_lives_in_it(path: Path) -> None:
    text = path.read_text()

    assert len(text.splitlines()) <= LONGEST_FILE
    assert not text or ast.get_docstring(ast.parse(text))
