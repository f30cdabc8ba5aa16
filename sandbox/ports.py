"""The TCP ports of the servers on this machine: fixed ones, or free ones that are kept."""

import json
import secrets
import socket
from dataclasses import asdict, dataclass, fields
from typing import Self

from sandbox.errors import SandboxError
from sandbox.home import Home, write_private

# Below the range from which the operating system takes ports for outgoing connections, so that
# a port stays free between one start and the next.
FREE_RANGE = range(20_000, 32_000)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Without this a port of a server that has just stopped counts as taken for a minute.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a port that nothing on this machine listens on at the moment."""
    while True:
        port = secrets.choice(FREE_RANGE)
        if is_free(port):
            return port


@dataclass(frozen=True)
class Ports:
    """The fixed ports; `free` makes one of free ones."""

    api: int = 8000
    gateway: int = 8010
    postgres: int = 54329
    temporal: int = 7233
    temporal_http: int = 7243
    temporal_ui: int = 8233
    metrics: int = 9464
    metrics_sdk: int = 9465

    def require_free(self) -> None:
        """Raise SandboxError when something listens on one of them."""
        taken = [f"{port} ({name})" for name, port in asdict(self).items() if not is_free(port)]
        if taken:
            raise SandboxError(
                f"Port {', '.join(taken)} is taken by another program on this machine. "
                "Stop that program, or start with --ports auto, which takes free ports."
            )

    @classmethod
    def free(cls, home: Home) -> Self:
        """Return free ports, the same as at the last start in `home` where they still are free."""
        kept = json.loads(home.ports.read_text()) if home.ports.exists() else {}
        chosen: dict[str, int] = {}
        for name in (one.name for one in fields(cls)):
            port = kept.get(name, 0)
            while port in (0, *chosen.values()) or not is_free(port):
                port = free_port()
            chosen[name] = port
        if chosen != kept:
            write_private(home.ports, json.dumps(chosen, indent=2) + "\n")
        return cls(**chosen)
