"""A cut really cuts: another process's connection ends, at both of its ends."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import psutil
import pytest

from chaos import cuts
from chaos.cuts import Connection, Cutter, NotToBeHadError, Severed, sever
from chaos.plan import Line
from chaos.storm import Damage
from sandbox.addresses import Addresses
from sandbox.dev_json import DevFile, describe
from sandbox.home import Home
from sandbox.ports import Ports
from sandbox.secrets import Secrets

# It connects, and says what it reads: nothing more when the line is cut.
READER = """
import socket, sys
line = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
line.settimeout(10)
print("connected", flush=True)
print(line.recv(10), flush=True)
"""
# It asks PostgreSQL something that takes long, and says how that ended.
ASKER = """
import psycopg, sys
with psycopg.connect(sys.argv[1]) as database:
    print("connected", flush=True)
    try:
        database.execute("SELECT pg_sleep(10)")
    except psycopg.OperationalError as error:
        print(type(error).__name__, flush=True)
"""


class Connected:
    """Another process with one connection to us."""

    def __init__(self, server: socket.socket) -> None:
        port = server.getsockname()[1]
        self.process = subprocess.Popen(
            [sys.executable, "-c", READER, str(port)], stdout=subprocess.PIPE, text=True
        )
        self.here, _ = server.accept()
        self.here.settimeout(10)
        assert self.read() == "connected"

    def read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def connection(self) -> Connection:
        [found] = psutil.Process(self.process.pid).net_connections(kind="tcp")
        return Connection(found.fd, found.laddr.port, found.raddr.port)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def connected() -> Iterator[Connected]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = Connected(server)
        with found.here, found.process:
            yield found
            found.end()


def test_both_ends_of_a_cut_line_read_its_end(connected: Connected) -> None:
    assert sever(connected.process.pid, [connected.connection()]) == 1

    assert connected.read() == "b''"
    assert connected.here.recv(10) == b""


def test_what_has_become_another_connection_meanwhile_is_left_alone(connected: Connected) -> None:
    other = replace(connected.connection(), there=1)

    assert sever(connected.process.pid, [other]) == 0

    connected.here.sendall(b"alive")
    assert connected.read() == "b'alive'"


@pytest.mark.parametrize("descriptor", [1, 999])
def test_what_is_no_socket_or_is_closed_by_now_is_left_alone(
    connected: Connected, descriptor: int
) -> None:
    other = replace(connected.connection(), descriptor=descriptor)

    assert sever(connected.process.pid, [other]) == 0


def test_a_process_that_is_gone_has_nothing_to_cut(connected: Connected) -> None:
    connection = connected.connection()
    connected.end()

    assert sever(connected.process.pid, [connection]) == 0


@pytest.fixture
def asker(superuser_url: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", ASKER, superuser_url], stdout=subprocess.PIPE, text=True
    )
    assert said(process) == "connected"
    yield process
    process.kill()
    process.communicate()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture
def cutter(tmp_path: Path, superuser_url: str, asker: subprocess.Popen[str]) -> Iterator[Cutter]:
    """Of a home whose API has one connection, to PostgreSQL."""
    at = describe(Addresses(Ports(), Secrets.kept_in(Home.at(tmp_path))), {"api": asker.pid})
    file = DevFile(Home.at(tmp_path))
    file.write(replace(at, database_url=superuser_url, superuser_url=superuser_url))
    yield Cutter(tmp_path, Random(1))
    file.remove()


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_program_loses_its_database(
    cutter: Cutter, asker: subprocess.Popen[str], *, is_whole: bool
) -> None:
    assert cutter.cut(Line.API_POSTGRES, is_whole=is_whole) == Severed(Line.API_POSTGRES, 1)

    assert said(asker) == "OperationalError"


def test_a_line_that_nobody_holds_is_not_counted(cutter: Cutter) -> None:
    assert cutter.cut(Line.API_TEMPORAL, is_whole=True) == Severed(Line.API_TEMPORAL, 0)


def test_where_sockets_are_not_lent_postgresql_ends_what_comes_to_it(
    cutter: Cutter, asker: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cuts, "sever", refuse)

    assert cutter.cut(Line.API_POSTGRES, is_whole=True) == Severed(Line.API_POSTGRES, 1)
    assert said(asker) == "AdminShutdown"


def test_what_could_not_be_cut_is_told(cutter: Cutter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuts, "sever", refuse)

    damage = Damage(severed=[cutter.cut(Line.API_CALLERS, is_whole=True)])

    assert damage.not_done() == ["cutting api to its callers: not on this machine"]


def refuse(_: int, __: object) -> int:
    raise NotToBeHadError("not on this machine")
