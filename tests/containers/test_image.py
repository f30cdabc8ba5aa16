"""The image: what is in it, and that it needs neither a user of its own nor a root to write to."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from uuid import uuid4

from tests import given
from tests.containers.base import NAME as BASE
from tests.containers.engine import Engine
from tests.containers.stack import environment

ANYBODY = ("--user=12345:0", "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--network=none")
SECURE = ("--security-opt=no-new-privileges",)
# Above what the base has; 207 MB when this was written, a quarter of it Temporal's core.
MOST_BYTES = 240_000_000
NOT_IN_IT = {".env", ".git", "tests", "docs", "chaos", "benchmarks", "Dockerfile", "pip.conf"}


def test_its_commands_run_as_any_user_on_a_read_only_root(engine: Engine, image: str) -> None:
    said = engine.podman("run", "--rm", *ANYBODY, *SECURE, image, "python", "cli.py", "--help")

    assert "verify-ledger" in said


async def test_its_api_lives_as_any_user_and_stops_when_it_is_asked(
    engine: Engine, image: str
) -> None:
    with an_api(engine, image) as name:

        async def lives() -> bool:
            return engine.attempt("healthcheck", "run", name).returncode == 0

        await given.eventually(lives)
        # Without an init: it is the first process of its container, which the kernel treats apart.
        engine.podman("stop", "--time", "15", name)

        assert json.loads(engine.podman("inspect", name))[0]["State"]["ExitCode"] == 0


def test_a_dead_api_is_not_called_healthy(engine: Engine, image: str) -> None:
    with an_api(engine, image, "sleep", "60") as name:
        assert engine.attempt("healthcheck", "run", name).returncode != 0


def test_what_is_worked_with_is_not_in_it(engine: Engine, image: str) -> None:
    everywhere = ("find", "/", "-xdev")
    listed = engine.podman("run", "--rm", "--read-only", "--user=0", image, *everywhere)
    paths = [PurePosixPath(line) for line in listed.splitlines()]
    libraries = PurePosixPath("/opt/venv/lib")

    assert len(paths) > 1000
    ours = [path for path in paths if path.is_relative_to("/app")]
    assert not [path for path in ours if NOT_IN_IT & set(path.parts)]
    assert {path.name for path in ours if path.parent.name == "sandbox"} <= {
        "__init__.py",
        "errors.py",
        "__pycache__",
    }
    assert not [path for path in paths if path.name in {".env", "pip.conf"}]
    assert not [path for path in paths if path.is_relative_to(libraries) and path.name == "pip"]


def test_nothing_of_its_program_can_be_written_to(engine: Engine, image: str) -> None:
    found = engine.podman(
        "run", "--rm", "--user=12345:0", image, "find", "/app", "/opt", "-writable"
    )

    assert found == ""


def test_it_says_what_it_is_and_tells_no_secret(engine: Engine, image: str) -> None:
    told = json.loads(engine.podman("image", "inspect", image))[0]

    assert told["Config"]["User"] == "10001:10001"
    assert told["Config"]["Labels"]["org.opencontainers.image.title"] == "Assets"
    assert {name.partition("=")[0] for name in told["Config"]["Env"]} == {
        "PATH",
        "PYTHONPATH",
        "PYTHONUNBUFFERED",
        "PYTHONDONTWRITEBYTECODE",
    }
    history = engine.podman("history", "--no-trunc", "--format", "{{.CreatedBy}}", image)
    assert "index-url" not in history


def test_it_is_small(engine: Engine, image: str) -> None:
    whole, base = (
        json.loads(engine.podman("image", "inspect", name))[0]["Size"] for name in (image, BASE)
    )

    assert whole - base < MOST_BYTES


@contextmanager
def an_api(engine: Engine, image: str, *command: str) -> Iterator[str]:
    """Start an API that has no servers to talk to, as anybody."""
    name = f"api-{uuid4().hex[:8]}"
    settings = environment() | {
        "DATABASE_URL": "postgresql://assets:nobody@127.0.0.1:5432/assets",
        "TEMPORAL_ADDRESS": "127.0.0.1:7233",
    }
    given_to = [f"--env={name}={value}" for name, value in settings.items()]
    engine.podman(
        "run", "--detach", f"--name={name}", *ANYBODY, *SECURE, *given_to, image, *command
    )
    try:
        yield name
    finally:
        engine.podman("rm", "--force", "--time", "0", name)
