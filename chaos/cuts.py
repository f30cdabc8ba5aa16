"""Cuts connections of running processes, with nothing changed in them and nothing put in between.

Linux lends us a copy of another process's socket (pidfd_getfd); what is shut down by it is shut
down for its owner and for the other end, who both see what they see when a line breaks. Where that
is not to be had, PostgreSQL itself can end connections to it, and the others stay whole; who asked
for a cut hears so.
"""

import ctypes
import errno
import os
import socket
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final
from urllib.parse import urlsplit

import psutil
import psycopg

from chaos.plan import Line
from sandbox import dev_json
from sandbox.dev_json import DevInfo

_PIDFD_GETFD: Final = 438  # on every architecture
_GONE: Final = {errno.EBADF, errno.ESRCH}
_SIDE: Final = {
    Line.API_POSTGRES: "api",
    Line.WORKER_POSTGRES: "worker",
    Line.API_TEMPORAL: "api",
    Line.WORKER_TEMPORAL: "worker",
    Line.API_CALLERS: "api",
}
_TO_POSTGRES: Final = (Line.API_POSTGRES, Line.WORKER_POSTGRES)
_TERMINATE: Final = (
    "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE client_port = ANY(%s)) AS ended"
)


class NotToBeHadError(Exception):
    """This machine does not let us cut a line. The message says why."""


@dataclass(frozen=True)
class Severed:
    """What a cut came to; `number` may be nothing, when the process was just not there.

    Attributes:
        refusal: Why this machine did not let us do it, if it did not.
    """

    line: Line
    number: int
    refusal: str | None = None


@dataclass(frozen=True)
class Connection:
    """One end of it, in the process that holds it as `descriptor`."""

    descriptor: int
    here: int
    there: int


@dataclass(frozen=True)
class Cutter:
    home: Path
    chance: Random

    def cut(self, line: Line, *, is_whole: bool) -> Severed:
        """Cut one connection of a line, or all of them."""
        dev = dev_json.read(self.home)
        pid = dev.pids[_SIDE[line]]
        found = list(connections(pid, line, dev))
        if found and not is_whole:
            found = [self.chance.choice(found)]
        try:
            return Severed(line, sever(pid, found))
        except NotToBeHadError as refusal:
            if line in _TO_POSTGRES:
                return Severed(line, _terminate(dev.superuser_url, found))
            return Severed(line, 0, str(refusal))


def connections(pid: int, line: Line, dev: DevInfo) -> Iterator[Connection]:
    """Return the connections of a line that a process has now."""
    try:
        found = psutil.Process(pid).net_connections(kind="tcp")
    except psutil.NoSuchProcess:
        return
    for one in found:
        if one.status != psutil.CONN_ESTABLISHED:
            continue
        if _is_of(line, one.laddr.port, one.raddr.port, dev):
            yield Connection(one.fd, one.laddr.port, one.raddr.port)


def _is_of(line: Line, here: int, there: int, dev: DevInfo) -> bool:
    if line is Line.API_CALLERS:
        return here == urlsplit(dev.api).port
    url = dev.database_url if line in _TO_POSTGRES else f"grpc://{dev.temporal_address}"
    return there == urlsplit(url).port


def sever(pid: int, found: Sequence[Connection]) -> int:
    """Shut connections of a process down, in both directions; return how many.

    Raises:
        NotToBeHadError: This machine does not lend us the sockets.
    """
    if not hasattr(os, "pidfd_open"):
        raise NotToBeHadError("only Linux lends us the sockets of other processes")
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return 0
    try:
        return sum(_shut(process, one) for one in found)
    finally:
        os.close(process)


def _shut(process: int, connection: Connection) -> bool:
    lent = _lent(process, connection.descriptor)
    if lent is None:
        return False
    if not stat.S_ISSOCK(os.fstat(lent).st_mode):
        os.close(lent)
        return False
    try:
        with socket.socket(fileno=lent) as line:
            # Its number may have been given to something else since we looked.
            if (line.getsockname()[1], line.getpeername()[1]) != (
                connection.here,
                connection.there,
            ):
                return False
            line.shutdown(socket.SHUT_RDWR)
    except OSError:  # it has just ended by itself
        return False
    return True


def _lent(process: int, descriptor: int) -> int | None:
    """Return a copy of another process's descriptor; None if it is closed by now."""
    number: int = ctypes.CDLL(None, use_errno=True).syscall(_PIDFD_GETFD, process, descriptor, 0)
    if number >= 0:
        return number
    if ctypes.get_errno() in _GONE:
        return None
    raise NotToBeHadError(
        f"this machine lends us no sockets of other processes ({os.strerror(ctypes.get_errno())}); "
        "of a sandbox that chaos starts itself it may, so try a --home where none runs"
    )


def _terminate(url: str, found: Sequence[Connection]) -> int:
    try:
        with psycopg.connect(url) as database:
            row = database.execute(_TERMINATE, ([one.here for one in found],)).fetchone()
    except psycopg.OperationalError:  # it is down, and so is every connection to it
        return 0
    return int(row[0]) if row else 0
