"""The README, typed as it stands there: its main job, and every command of it."""

from collections.abc import Iterator

import pytest

from sandbox.dev_json import DevInfo
from tests import pictures
from tests.documents import ROOT, Document, arguments
from tests.e2e.terminal import Terminal

README = Document(ROOT / "README.md")
MAIN_JOB = README.section("The main job, with curl").script
START = "./assets dev --home DIR --ports auto"
TYPED_BY_NAME = {START, pictures.DEMO}  # by the fixture, and by the test of the picture
HOME = "DIR"
# What no test types, and why not. All else is typed, or this file fails.
NOT_TYPED = {
    "./assets dev": "takes fixed ports, which others may have; the start on free ones is typed",
    "./assets test": "is what runs this test",
}
LONG = ("./assets bench", "./assets chaos")  # minutes each: typed by ./assets test --long


def lines() -> list[str]:
    """Every line of the README's shell, without comments; but the main job is one script."""
    scripts = [block for block in README.blocks("sh") if block not in MAIN_JOB]
    found = [line.partition(" #")[0].strip() for block in scripts for line in block.splitlines()]
    return [line for line in found if line]


def typed() -> list[str]:
    return [line for line in lines() if line not in TYPED_BY_NAME | NOT_TYPED.keys()]


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    return Terminal(tmp_path_factory.mktemp("readme"))


@pytest.fixture(scope="module", autouse=True)
def sandbox(terminal: Terminal) -> Iterator[DevInfo]:
    """A sandbox of our own, started by the README's line and ended by its Ctrl-C."""
    yield terminal.start(START, HOME)
    assert terminal.press_ctrl_c() == 0


def test_the_main_job_with_curl_runs_as_the_readme_says(
    terminal: Terminal, sandbox: DevInfo
) -> None:
    done = terminal.type(MAIN_JOB, API=sandbox.api)

    assert done.returncode == 0, done.stdout + done.stderr
    assert '"status":"paid"' in done.stdout
    assert '"balance":"200000.00","held":"800000.00"' in done.stdout
    assert '"balance":"285000.00"' in done.stdout
    assert '"balance":"700000.00"' in done.stdout


def test_the_picture_shows_what_the_demo_prints(terminal: Terminal) -> None:
    done = terminal.type(pictures.DEMO)

    shown = pictures.words((pictures.FOLDER / "demo.svg").read_text())
    assert shown == pictures.words(pictures.terminal(done.stdout))
    assert "All of it held" in done.stdout


@pytest.mark.timeout(300)
def test_the_commands_of_the_readme_do_what_they_say(terminal: Terminal) -> None:
    """One after the other, as a reader types them: some need what those before them made."""
    for line in typed():
        if not line.startswith(LONG):
            check(terminal, line)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("line", [line for line in typed() if line.startswith(LONG)])
def test_a_long_command_of_the_readme_does_what_it_says(terminal: Terminal, line: str) -> None:
    check(terminal, line)


def check(terminal: Terminal, line: str) -> None:
    done = terminal.type(line)

    assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
    assert done.stdout, line
    assert "Traceback" not in done.stderr, line


def test_what_is_not_typed_is_little_and_stands_in_the_readme() -> None:
    assert TYPED_BY_NAME | NOT_TYPED.keys() <= set(lines())
    assert len(NOT_TYPED) == 2
    assert all(arguments(line)[0] == "./assets" for line in lines())
