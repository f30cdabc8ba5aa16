"""`dev.json`: where everything of a running sandbox is, for programs. It exists while it runs."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TextIO

from sandbox.accounts import Account, admin, operator
from sandbox.addresses import Addresses
from sandbox.errors import SandboxError
from sandbox.home import Home, is_held, write_held
from sandbox.temporal import NAMESPACE


@dataclass(frozen=True)
class DevInfo:
    """What `dev.json` says; URLs without a slash at the end.

    Attributes:
        database_url: As the application's role.
        superuser_url: The same database as its owner.
        metrics: Where Prometheus finds the figures of each.
        pids: Process ids by the name of the program.
    """

    api: str
    dashboard: str
    docs: str
    temporal_ui: str
    temporal_address: str
    temporal_namespace: str
    gateway: str
    outbox: str
    metrics: Mapping[str, str]
    database_url: str
    superuser_url: str
    operator: Account
    admin: Account
    pids: Mapping[str, int] = field(default_factory=dict)


def describe(at: Addresses, pids: Mapping[str, int]) -> DevInfo:
    return DevInfo(
        api=at.api,
        dashboard=f"{at.api}/dashboard",
        docs=f"{at.api}/docs",
        temporal_ui=at.temporal_ui,
        temporal_address=at.temporal,
        temporal_namespace=NAMESPACE,
        gateway=at.gateway,
        outbox=f"{at.gateway}/outbox",
        metrics={
            "api": f"{at.api}/metrics",
            "worker": f"http://{at.worker_metrics}/metrics",
            "engine": f"http://{at.engine_metrics}/metrics",
        },
        database_url=at.database,
        superuser_url=at.database_as_superuser,
        operator=operator(at.secrets),
        admin=admin(at.secrets),
        pids=pids,
    )


class DevFile:
    """The supervisor's hold on `dev.json`."""

    def __init__(self, home: Home) -> None:
        self._path = home.dev_json
        self._held: TextIO | None = None

    def write(self, info: DevInfo) -> None:
        before = self._held
        self._held = write_held(self._path, json.dumps(asdict(info), indent=2) + "\n")
        if before is not None:
            before.close()

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)
        if self._held is not None:
            self._held.close()


def read(folder: Path) -> DevInfo:
    """Return what runs in a home.

    Raises:
        SandboxError: Nothing runs there, or it is not ready yet.
    """
    home = Home.at(folder)
    text = _current(home.dev_json)
    # Its writer lets go of one file a moment after it has put the next one in its place.
    if text is None and home.in_use():
        text = _current(home.dev_json)
    if text is None and home.in_use():
        raise SandboxError(f"The sandbox in {home.path} is still starting, or stopping. Try again.")
    if text is None:
        raise SandboxError(
            f"No sandbox runs in {home.path}. Start one: ./assets dev --home {home.path}"
        )
    found = json.loads(text)
    accounts = {name: Account(**found[name]) for name in ("operator", "admin")}
    return DevInfo(**(found | accounts))


def _current(path: Path) -> str | None:
    """Return the file's text, unless its writer was killed and it tells of the past."""
    try:
        with path.open() as file:
            return file.read() if is_held(file) else None
    except FileNotFoundError:
        return None
