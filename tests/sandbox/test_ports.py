import socket
from dataclasses import fields
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.home import Home
from sandbox.ports import Ports, free_port


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path)


def test_a_second_start_takes_the_same_ports(home: Home) -> None:
    first = Ports.free(home)

    assert Ports.free(home) == first
    assert len(set(vars(first).values())) == len(fields(Ports))


def test_a_port_that_was_taken_meanwhile_is_replaced(home: Home) -> None:
    first = Ports.free(home)
    with socket.create_server(("127.0.0.1", first.gateway)):
        second = Ports.free(home)

    assert second.gateway != first.gateway
    assert (second.api, second.postgres) == (first.api, first.postgres)


def test_a_taken_port_is_named_with_what_to_do() -> None:
    free = {one.name: free_port() for one in fields(Ports)}
    Ports(**free).require_free()

    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        with pytest.raises(SandboxError, match=rf"Port {taken} \(gateway\) is .* --ports auto"):
            Ports(**free | {"gateway": taken}).require_free()
