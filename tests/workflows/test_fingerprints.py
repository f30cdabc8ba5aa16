"""What each workflow tells the server, in files that show in a review when it changes.

They are derived from the recorded histories; each run of tests/workflows/ is compared with them.
"""

import ast
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest
from temporalio.workflow import _Definition as definition

from activities.contracts.tickets import MovedTicket
from domain.ticket import Action, Stage
from domain.transitions import TABLE
from engine.client import data_converter
from tests.conftest import KEYS, ROOT
from tests.workflows import recorded
from tests.workflows.commands import commands, kind_of
from tests.workflows.recorded import FINGERPRINTS, RENEW
from worker import WORKFLOWS

NAMES: Final = sorted(definition.must_from_class(one).name or "" for one in WORKFLOWS)
TODAY: Final = list(filter(recorded.is_of_today, recorded.all_of_them()))
# Where in a call the words stand that the UI shows of a command.
SUMMARIES: Final = {"timeout_summary", "summary", "static_summary"}
HELPERS: Final = {"take", "_ask"}


@pytest.fixture(scope="module")
async def said() -> dict[str, set[str]]:
    """Every line of every recorded path, by workflow."""
    lines: dict[str, set[str]] = defaultdict(set)
    for path in TODAY:
        history = recorded.load(path)
        lines[kind_of(history)] |= {line.strip() for line in await commands(history)}
    return lines


@pytest.fixture(scope="module")
async def derived() -> dict[str, str]:
    return await recorded.fingerprints()


@pytest.mark.parametrize("name", NAMES)
def test_a_fingerprint_is_that_of_the_recorded_histories(
    derived: dict[str, str], name: str
) -> None:
    path = FINGERPRINTS / f"{name}.txt"

    assert path.exists(), f"{name} has no fingerprint; record its paths: {RENEW}"
    assert path.read_text() == derived[name], f"{path.name} is out of date; renew it: {RENEW}"


@pytest.mark.parametrize("one", WORKFLOWS, ids=lambda one: one.__name__)
def test_every_message_of_a_workflow_was_recorded(said: dict[str, set[str]], one: type) -> None:
    told = definition.must_from_class(one)
    messages = {f"update {name}" for name in told.updates} | {
        f"signal {name}" for name in told.signals
    }

    assert told.name in said
    assert messages - said[told.name or ""] == set(), f"record such a path: {RENEW}"


async def test_every_transition_of_a_loan_was_recorded() -> None:
    taken: set[tuple[Stage, Action]] = set()
    for path in TODAY:
        taken |= {step async for step in moves(path)}

    assert set(TABLE) - taken == set()


async def moves(path: Path) -> AsyncIterator[tuple[Stage, Action]]:
    """Find from which stage to which action a recorded loan went, step by step."""
    converter = data_converter(KEYS)
    before: Stage | None = None
    for event in recorded.load(path).events:
        result = event.marker_recorded_event_attributes.details.get("result")
        if result is None or not event.user_metadata.HasField("summary"):
            continue
        (summary,) = await converter.decode([event.user_metadata.summary], [str])
        if before and summary.startswith("Ticket: "):
            yield before, Action(summary.removeprefix("Ticket: "))
        if summary.startswith("Ticket: ") or summary == "Store the request":
            (moved,) = await converter.decode(result.payloads, [MovedTicket])
            before = moved.ticket.stage


def calls() -> Iterator[ast.Call]:
    for path in sorted((ROOT / "workflows").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield node


def summaries() -> Iterator[tuple[str, ast.expr]]:
    """Find the words of every command, after what its line begins with.

    They are a keyword, or the last argument of a helper. A timer counts when it fired.
    """
    for call in calls():
        helper = getattr(call.func, "id", "") or getattr(call.func, "attr", "")
        for word in call.keywords:
            if word.arg in SUMMARIES:
                is_timer = word.arg == "timeout_summary" or helper == "sleep"
                yield "timer fired" if is_timer else "", word.value
        if helper in HELPERS and call.args:
            yield "", call.args[-1]


def as_pattern(words: ast.expr) -> str | None:
    """Return what matches a summary whatever is put into it; None if it is all from elsewhere."""
    if isinstance(words, ast.Constant):
        return re.escape(str(words.value))
    if isinstance(words, ast.JoinedStr):
        return "".join(
            re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+"
            for part in words.values
        )
    return None


PATTERNS: Final = sorted(
    {f"^{kind}.*: {words}$" for kind, said in summaries() if (words := as_pattern(said))}
)
PATCHES: Final = sorted(
    {
        ast.literal_eval(call.args[0])
        for call in calls()
        if getattr(call.func, "attr", "") in {"patched", "deprecate_patch"}
    }
)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_timer_and_every_step_was_recorded(said: dict[str, set[str]], pattern: str) -> None:
    lines = set().union(*said.values())

    assert any(re.search(pattern, line) for line in lines), f"record it: {RENEW}"


@pytest.mark.parametrize("patch", PATCHES)
def test_every_patch_was_recorded(said: dict[str, set[str]], patch: str) -> None:
    assert any(f"patch {patch}" in lines for lines in said.values()), f"record it: {RENEW}"
