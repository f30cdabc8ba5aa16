import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.home import Home, write_private

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from sandbox.home import Home
with Home.at(Path(sys.argv[1])).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(folder: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


def test_one_home_is_held_by_one_process(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    with holder(tmp_path) as process:
        assert home.in_use()
        with pytest.raises(SandboxError, match=rf"already \(process {process.pid}\)"), home.lock():
            pass
        process.kill()

    assert not home.in_use()
    with home.lock():
        assert home.lock_file.read_text().isdigit()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(SandboxError, match=r"Cannot keep a sandbox in .*/file/home .*--home DIR"):
        Home.at(tmp_path / "file" / "home").make()


def test_looking_does_not_make_a_home(tmp_path: Path) -> None:
    assert not Home.at(tmp_path / "nowhere").in_use()
    assert list(tmp_path.iterdir()) == []


def test_a_private_file_is_the_owner_s_alone_from_its_first_byte(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    for text in ("one", "two"):
        write_private(file, text)

    assert file.read_text() == "two"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]
