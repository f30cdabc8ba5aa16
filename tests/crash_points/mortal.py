"""Steps that die at a named moment, in this process: what comes after it does not happen."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import event
from sqlalchemy.engine import Connection
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from composition import steps
from crash_points.lines import watch_calls, watch_commits
from crash_points.points import Points
from crash_points.steps import Steps
from models.database import Sessions, create_engine, sessions_of
from settings import Settings

Step = Callable[..., Awaitable[Any]]


# In the middle of these SQLAlchemy would never give a connection back. So at the first the line is
# cut instead, as the kernel does; and whatever comes after the second dies.
_WITHIN_COMMIT = ("written", "committed")


class Death(BaseException):
    """Nothing in the product may catch it, as nothing catches kill -9."""


class Mortality(Points):
    """Notes each moment that is passed, and ends everything at the armed one.

    Attributes:
        passed: In order.
        is_over: From then on no statement and no call leaves this process.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, self._end_here)
        self.passed: list[str] = []
        self.is_over = False

    def reached(self, name: str) -> None:
        if self.is_over and _is_within_commit(name):
            return
        self.check()
        self.passed.append(name)
        super().reached(name)

    @property
    def armed(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def arm(self, name: str) -> None:
        (self.folder / name).touch()

    def check(self, *_: object) -> None:
        if self.is_over:
            raise Death(self.passed[-1])

    def _end_here(self, name: str) -> None:
        self.is_over = True
        if not _is_within_commit(name):
            raise Death(name)


def _is_within_commit(name: str) -> bool:
    return name.partition(":")[2].startswith(_WITHIN_COMMIT)


class Mortal:
    """All steps of a worker, over lines of its own, which end with it."""

    def __init__(self, settings: Settings, simulator: httpx.AsyncClient, folder: Path) -> None:
        self.points = Mortality(folder)
        url = settings.database_url.get_secret_value()
        self._engine = create_engine(url, pool_size=4)
        watch_commits(self._engine)
        event.listen(self._engine.sync_engine, "before_cursor_execute", self.points.check)
        event.listen(self._engine.sync_engine, "commit", self._cut)
        self._http = httpx.AsyncClient(transport=simulator._transport)
        watch_calls(self._http)
        self._steps = steps_of(settings, sessions_of(self._engine), self._http)

    async def take(self, name: str, *command: object) -> Any:
        """Take a step as a worker of ours does."""
        environment = ActivityEnvironment()
        environment.info = replace(environment.info, activity_type=name)
        chain = Steps(self.points).intercept_activity(_Body())
        asked = ExecuteActivityInput(self._steps[name], command, None, {})
        return await environment.run(chain.execute_activity, asked)

    def _cut(self, connection: Connection) -> None:
        if self.points.is_over:
            driver: Any = connection.connection.driver_connection
            driver.pgconn.finish()

    async def begin_anew(self) -> None:
        """Go on as the process does that is started in the place of a dead one."""
        await self._engine.dispose()
        self.points.is_over = False
        self.points.passed.clear()

    async def end(self) -> None:
        await self._engine.dispose()


class _Body(ActivityInboundInterceptor):
    def __init__(self) -> None:
        """There is nothing behind it."""

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        return await input.fn(*input.args)


@dataclass
class Engine:
    """Stands where Temporal is asked which workflows run."""

    running: set[str] = field(default_factory=set)

    async def __call__(self, workflow_ids: Any) -> set[str]:
        return self.running & set(workflow_ids)


def steps_of(settings: Settings, sessions: Sessions, http: httpx.AsyncClient) -> dict[str, Step]:
    """Return every step of both workers by its name, as `worker.py` builds them."""
    money = steps.money_steps(settings, sessions, http, Engine(), _unheard)
    messages = steps.message_steps(settings, sessions, http, _unheard)
    return {step.__name__: step for step in [*money, *messages]}


def _unheard(*_: object) -> None:
    """Nobody measures these calls."""
