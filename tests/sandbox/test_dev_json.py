import stat
from pathlib import Path

import pytest

from sandbox import dev_json
from sandbox.addresses import Addresses
from sandbox.errors import SandboxError
from sandbox.home import Home
from sandbox.ports import Ports
from sandbox.secrets import Secrets
from tests.sandbox.test_home import holder


def test_what_is_written_is_read_while_it_runs(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    at = Addresses(Ports(), Secrets.kept_in(home))
    written = dev_json.describe(at, {"api": 7})
    dev_json.write(home, written)

    with holder(tmp_path) as process:
        assert dev_json.read(tmp_path) == written
        process.kill()

    assert stat.S_IMODE(home.dev_json.stat().st_mode) == 0o600
    # The file of a supervisor that was killed tells of nothing that runs.
    with pytest.raises(SandboxError, match="No sandbox runs in"):
        dev_json.read(tmp_path)


def test_a_sandbox_that_is_still_starting_says_so(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        with pytest.raises(SandboxError, match="still starting"):
            dev_json.read(tmp_path)
        process.kill()
