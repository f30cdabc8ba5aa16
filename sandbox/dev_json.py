"""`dev.json`: where everything of a running sandbox is, for programs. It exists while it runs."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sandbox.accounts import Account, admin, operator
from sandbox.addresses import Addresses
from sandbox.errors import SandboxError
from sandbox.home import Home, write_private
from sandbox.temporal import NAMESPACE


@dataclass(frozen=True)
class DevInfo:
    """What `dev.json` says; URLs without a slash at the end.

    Attributes:
        database_url: As the application's role.
        superuser_url: The same database as its owner.
        pids: Process ids by the name of the program.
    """

    api: str
    docs: str
    temporal_ui: str
    temporal_address: str
    temporal_namespace: str
    gateway: str
    database_url: str
    superuser_url: str
    operator: Account
    admin: Account
    pids: Mapping[str, int] = field(default_factory=dict)


def describe(at: Addresses, pids: Mapping[str, int]) -> DevInfo:
    return DevInfo(
        api=at.api,
        docs=f"{at.api}/docs",
        temporal_ui=at.temporal_ui,
        temporal_address=at.temporal,
        temporal_namespace=NAMESPACE,
        gateway=at.gateway,
        database_url=at.database,
        superuser_url=at.database_as_superuser,
        operator=operator(at.secrets),
        admin=admin(at.secrets),
        pids=pids,
    )


def write(home: Home, info: DevInfo) -> None:
    write_private(home.dev_json, json.dumps(asdict(info), indent=2) + "\n")


def remove(home: Home) -> None:
    home.dev_json.unlink(missing_ok=True)


def read(folder: Path) -> DevInfo:
    """Return what runs in a home.

    Raises:
        SandboxError: Nothing runs there, or it is not ready yet.
    """
    home = Home.at(folder)
    # A supervisor that was killed leaves its dev.json behind, but never its lock.
    if not home.in_use():
        raise SandboxError(
            f"No sandbox runs in {home.path}. Start one: ./assets dev --home {home.path}"
        )
    if not home.dev_json.exists():
        raise SandboxError(f"The sandbox in {home.path} is still starting, or stopping. Try again.")
    found = json.loads(home.dev_json.read_text())
    accounts = {name: Account(**found[name]) for name in ("operator", "admin")}
    return DevInfo(**(found | accounts))
