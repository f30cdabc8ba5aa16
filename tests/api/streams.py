"""Processes of the API that stream over real connections, and clients that follow them."""

import json
import random
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from sandbox.ports import free_port
from sandbox.process import Child, running
from sandbox.program import Program, http_get, machine
from tests.conftest import ROOT, environment

STREAM = "/api/v1/events/"
PATIENCE_S = "30"  # of a server that was asked to stop, with its last answers
# Longer than heartbeats are apart, so that only a stream that broke is silent for so long.
PATIENCE = httpx.Timeout(30)


@dataclass(frozen=True)
class Server:
    """One process of the API."""

    port: int
    child: Child

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def resident_bytes(self) -> int:
        memory: int = psutil.Process(self.child.pid).memory_info().rss
        return memory

    def connections_to(self, port: int) -> int:
        """Count what it has open to another server of this machine."""
        opened = psutil.Process(self.child.pid).net_connections("tcp")
        return sum(bool(each.raddr) and each.raddr.port == port for each in opened)


@contextmanager
def server(folder: Path, database_url: str, **changes: str) -> Iterator[Server]:
    """Run an API as it is run in earnest, but without an engine: it is not asked to act."""
    port = free_port()
    where = ("--host", "127.0.0.1", "--port", str(port))
    manners = ("--no-server-header", "--timeout-graceful-shutdown", PATIENCE_S, "--no-access-log")
    program = Program(
        name=f"api-{port}",
        argv=(sys.executable, "-m", "uvicorn", "--factory", "api.app:create_app", *where, *manners),
        ready=lambda: http_get(port, "/healthz") is not None,
        env={
            **machine(),
            **environment(database_url, database_url),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "DEBUG": "true",
            **changes,
        },
        cwd=folder,
    )
    with running(program, folder / f"{program.name}.log") as child:
        yield Server(port, child)


@dataclass(frozen=True)
class Told:
    """One event as a client gets it."""

    id: int
    kind: str
    data: dict[str, Any]


@dataclass
class Client:
    """What an EventSource knows: where it stands, and what it was told."""

    token: str
    path: str = STREAM
    last_id: int | None = None
    told: list[Told] = field(default_factory=list)
    heartbeats: int = 0

    @property
    def ids(self) -> list[int]:
        return [each.id for each in self.told]

    @asynccontextmanager
    async def connected(self, url: str) -> AsyncIterator["Connection"]:
        """Open the stream for the length of a block."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if self.last_id is not None:
            headers["Last-Event-ID"] = str(self.last_id)
        async with (
            httpx.AsyncClient(base_url=url, timeout=PATIENCE, trust_env=False) as http,
            http.stream("GET", self.path, headers=headers) as answer,
        ):
            assert answer.status_code == 200, await answer.aread()
            yield Connection(self, answer.aiter_raw())

    async def follow(self, url: str, until: int) -> None:
        """Stay connected until this many events were told in all, or the stream ends."""
        async with self.connected(url) as connection:
            await connection.read_until(until)

    def take(self, frame: str) -> None:
        lines = [line.partition(": ") for line in frame.splitlines()]
        fields = {name: value for name, _, value in lines if name}
        self.heartbeats += not fields
        if "id" in fields:
            self.last_id = int(fields["id"])
        if "data" in fields:
            data = json.loads(fields["data"])
            self.told.append(Told(int(fields["id"]), fields["event"], data))


@dataclass
class Connection:
    """What one connection brought; half an event at its end is no event."""

    client: Client
    chunks: AsyncIterator[bytes]
    rest: bytes = b""

    async def read(self, *, cut_within: bool = False) -> bool:
        """Take what comes next, or only a part of it; False if the server ended the stream."""
        try:
            chunk = await anext(self.chunks)
        except StopAsyncIteration:
            return False
        if cut_within:
            chunk = chunk[: random.randrange(len(chunk))]
        *frames, self.rest = (self.rest + chunk).split(b"\n\n")
        for frame in frames:
            self.client.take(frame.decode())
        return True

    async def read_until(self, number: int) -> None:
        """Read until the client was told of so many events, or the stream ends."""
        while len(self.client.told) < number and await self.read():
            pass
