import stat
from pathlib import Path

import pytest

from sandbox.addresses import Addresses
from sandbox.dev_json import DevFile, describe, read
from sandbox.errors import SandboxError
from sandbox.home import Home
from sandbox.ports import Ports
from sandbox.secrets import Secrets
from tests.sandbox.test_home import holder


def test_what_is_written_is_read_until_its_writer_is_gone(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    at = Addresses(Ports(), Secrets.kept_in(home))
    file = DevFile(home)
    for pid in (7, 8):
        file.write(describe(at, {"api": pid}))

    assert read(tmp_path) == describe(at, {"api": 8})
    assert stat.S_IMODE(home.dev_json.stat().st_mode) == 0o600
    assert file._held is not None
    file._held.close()  # as the operating system does for a process that is killed
    assert home.dev_json.exists()
    with pytest.raises(SandboxError, match="No sandbox runs in"):
        read(tmp_path)


def test_the_file_of_a_killed_supervisor_does_not_speak_for_the_next_one(tmp_path: Path) -> None:
    Home.at(tmp_path).dev_json.write_text("{}")

    with holder(tmp_path) as process:
        with pytest.raises(SandboxError, match="still starting"):
            read(tmp_path)
        process.kill()


def test_what_was_stopped_in_good_order_leaves_no_file(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    file = DevFile(home)
    file.write(describe(Addresses(Ports(), Secrets.kept_in(home)), {}))

    file.remove()

    assert not home.dev_json.exists()
