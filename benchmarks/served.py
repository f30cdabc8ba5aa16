"""What answers over HTTP during a measurement, and questions that are put to several in turn."""

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.scratch import Scratch
from sandbox.addresses import HOST
from sandbox.dev_json import DevInfo
from sandbox.errors import SandboxError
from sandbox.ports import free_port
from sandbox.process import running
from sandbox.program import Program, http_get

ASKED = 400
WARM_UP = 50
LIMIT = 20  # of a page, unless one asks for another


@dataclass(frozen=True)
class Question:
    """A GET and how its answer is known to be a whole one.

    Attributes:
        items: How many its page has; None for what is not a page.
    """

    path: str
    parameters: dict[str, str]
    items: int | None = None

    async def seconds(self, http: httpx.AsyncClient) -> float:
        began = time.perf_counter()
        answer = await http.get(self.path, params=self.parameters)
        took = time.perf_counter() - began
        found = answer.raise_for_status().json()
        if self.items is not None and len(found["items"]) != self.items:
            raise SandboxError(f"{answer.url} has {len(found['items'])} items, not {self.items}")
        return took


async def in_turn(asked: Sequence[tuple[httpx.AsyncClient, Question]]) -> list[list[float]]:
    """Put one question to each, again and again; return the seconds of each, without a warm-up."""
    taken: list[list[float]] = [[] for _ in asked]
    for turn in range(WARM_UP + ASKED):
        for (http, question), seconds in zip(asked, taken, strict=True):
            took = await question.seconds(http)
            if turn >= WARM_UP:
                seconds.append(took)
    return taken


def client(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, timeout=30, trust_env=False)


@contextmanager
def api(dev: DevInfo, scratch: Scratch) -> Iterator[str]:
    """Run an API on a scratch database, with the sandbox's engine."""
    # Filling the database can take longer than an access token lasts.
    changes = {"TEMPORAL_ADDRESS": dev.temporal_address, "ACCESS_TOKEN_TTL": "PT1H"}
    arguments = ("--factory", "api.app:create_app", "--no-access-log")  # it writes its own
    with served(arguments, "/healthz", scratch.settings() | changes) as url:
        yield f"{url}/api/v1"


@contextmanager
def served(arguments: tuple[str, ...], ready: str, env: dict[str, Any]) -> Iterator[str]:
    """Run an application behind uvicorn, its log in a file, until it answers at `ready`."""
    port = free_port()
    where = ("--host", HOST, "--port", str(port))
    program = Program(
        name="api",
        argv=(sys.executable, "-m", "uvicorn", *where, *arguments),
        ready=lambda: http_get(port, ready) is not None,
        env=env,
    )
    with tempfile.TemporaryDirectory() as folder, running(program, Path(folder) / "api.log"):
        yield f"http://{HOST}:{port}"
