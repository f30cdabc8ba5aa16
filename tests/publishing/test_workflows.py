"""What GitHub runs: the files are what it reads, leave no hole, and call what there is."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.publishing.files import ROOT, WORKFLOWS, audited, complaints
from tests.test_documented_commands import complaint

DEPENDABOT = ROOT / ".github" / "dependabot.yml"
PUBLISH = ROOT / ".github" / "workflows" / "publish.yml"
SOUND = """\
name: Sound
on:
  push:
permissions: {}
concurrency:
  group: sound
jobs:
  one:
    name: One
    runs-on: ubuntu-latest
    timeout-minutes: 5
    steps:
      - run: echo "$GITHUB_REF_NAME"
"""


@pytest.mark.parametrize(
    "schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"]
)
def test_each_workflow_is_one_and_each_job_has_an_end(schema: str) -> None:
    assert not complaints(schema, *WORKFLOWS)


def test_dependabot_reads_its_file() -> None:
    assert not complaints("vendor.dependabot", DEPENDABOT)


def test_no_workflow_leaves_a_hole() -> None:
    found = audited(ROOT / ".github")

    assert found.returncode == 0, found.stdout + found.stderr
    for file in [*WORKFLOWS, DEPENDABOT]:
        assert f"completed {file.relative_to(ROOT)}" in found.stderr.replace(f"{ROOT}/", "")


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("runs-on:", "run-on:", "run-on"),
        ("timeout-minutes: 5", "timeout-minute: 5", "timeout-minute"),
        ("run: echo", "runs: echo", "runs"),
    ],
)
def test_a_misspelt_key_is_seen(right: str, wrong: str, told: str, tmp_path: Path) -> None:
    schema = "vendor.github-workflows"
    assert not complaints(schema, planted(tmp_path, SOUND))

    assert told in complaints(schema, planted(tmp_path, SOUND.replace(right, wrong)))


def test_a_job_without_an_end_is_seen(tmp_path: Path) -> None:
    schema = "custom.github-workflows-require-timeout"
    assert not complaints(schema, planted(tmp_path, SOUND))

    assert complaints(schema, planted(tmp_path, SOUND.replace("    timeout-minutes: 5\n", "")))


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ('"$GITHUB_REF_NAME"', '"${{ github.event.head_commit.message }}"', "template-injection"),
        ("permissions: {}\n", "permissions: write-all\n", "excessive-permissions"),
        ('run: echo "$GITHUB_REF_NAME"', "uses: actions/checkout@v7", "unpinned-uses"),
    ],
)
def test_a_hole_is_seen(right: str, wrong: str, told: str, tmp_path: Path) -> None:
    assert audited(planted(tmp_path, SOUND)).returncode == 0

    found = audited(planted(tmp_path, SOUND.replace(right, wrong)))

    assert found.returncode != 0
    assert told in found.stdout


def test_nothing_is_published_before_all_tests_passed() -> None:
    jobs = yaml.safe_load(PUBLISH.read_text())["jobs"]

    writing = {name for name, job in jobs.items() if "write" in job["permissions"].values()}

    assert jobs["ci"]["uses"] == "$/.github/workflows/ci.yml"
    assert writing == {"image"}
    assert jobs["image"]["needs"] == "ci"
    assert not any(job.get("if") for job in jobs.values())


def test_the_base_that_is_published_is_the_one_of_the_dockerfile() -> None:
    """The workflow reads its name there, and pins it by the digest of the day."""
    (script,) = (run for run in commands(PUBLISH) if "ARG BASE" in run)
    (base,) = re.findall(r"^ARG BASE=(.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert "sed -n 's/^ARG BASE=//p' Dockerfile" in script
    assert re.search(r":\d", base)


def test_what_is_published_is_a_stage_of_the_dockerfile() -> None:
    steps = yaml.safe_load(PUBLISH.read_text())["jobs"]["image"]["steps"]
    (build,) = (
        step["with"] for step in steps if "docker/build-push-action" in step.get("uses", "")
    )

    assert f" AS {build['target']}\n" in (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_calls_what_there_is(file: Path, pytestconfig: pytest.Config) -> None:
    """A command of ours that has another name since fails here, and not in some night."""
    for script in commands(file):
        for ours in re.findall(r"\./assets ([^\n|&;]+)", script):
            words = shlex.split(ours.replace("$GITHUB_RUN_NUMBER", "7"))
            assert not complaint(words, pytestconfig), ours
        for path in re.findall(r"(?<![\w/])(\.ci/\w+|\.github/[\w./-]+|[\w-]+\.lock)", script):
            assert (ROOT / path).exists(), path


def planted(folder: Path, text: str) -> Path:
    file = folder / ".github" / "workflows" / "planted.yml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def commands(file: Path) -> Iterator[str]:
    jobs: dict[str, Any] = yaml.safe_load(file.read_text())["jobs"]
    for job in jobs.values():
        yield from (step["run"] for step in job.get("steps", []) if "run" in step)
