"""A copy of the project in which something may be broken, and what its tests say there."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from settings import Settings
from tests.promises.breaks import ROOT

# Neither what a machine made of the project nor its history; compiled files are as good there.
_LEFT_OUT = shutil.ignore_patterns(".*", "node_modules", "*.pyc.*")
_LONGEST_TEST_S = 90
_LONGEST_RUN_S = 570


def copied(to: Path) -> Path:
    """Copy the project, with what nobody has committed yet, and link nothing."""
    return Path(shutil.copytree(ROOT, to, ignore=_LEFT_OUT))


@dataclass(frozen=True)
class Outcome:
    """What became of a run of pytest.

    Attributes:
        failures: What the tests said that failed, each with its message first.
        passed: How many went well.
        output: What was printed, for whoever reads why.
    """

    code: int
    failures: tuple[str, ...]
    passed: int
    output: str


def outcome_of(tree: Path, tests: Sequence[str]) -> Outcome:
    """Run tests of a copy, in a process of its own that sees nothing of the project itself."""
    report = tree / "report.xml"
    options = ("-n0", "-p", "no:cacheprovider", "--tb=short")
    places = (f"--rootdir={tree}", f"--basetemp={tree / 'temporary'}", f"--junitxml={report}")
    limit = f"--timeout={_LONGEST_TEST_S}"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *places, limit, *tests],
        cwd=tree,
        env=_environment(tree),
        capture_output=True,
        text=True,
        timeout=_LONGEST_RUN_S,
        check=False,
    )
    cases = _cases(report)
    failures = [failure for case in cases for failure in case.findall("failure")]
    return Outcome(
        done.returncode,
        tuple(f"{failure.get('message')}\n{failure.text}" for failure in failures),
        sum(not len(case.findall("failure")) and not len(case.findall("error")) for case in cases),
        done.stdout + done.stderr,
    )


def _cases(report: Path) -> list[ET.Element]:
    """Read what pytest wrote down of each test; nothing if it did not come that far."""
    if not report.exists():
        return []
    return ET.parse(report).findall(".//testcase")  # noqa: S314  (written by us, a moment ago)


def _environment(tree: Path) -> dict[str, str]:
    """Pass on nothing of a deployment, and nothing of the test run that this is a part of."""
    deployment = {name.upper() for name in Settings.model_fields}
    passed_on = {
        name: value
        for name, value in os.environ.items()
        if name not in deployment and not name.startswith("PYTEST_")
    }
    return passed_on | {"PYTHONPATH": str(tree)}
