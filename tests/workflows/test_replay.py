"""The gate for every change of a workflow: loans that run today must go on with its new code.

The histories were recorded by `./assets test --record`; a workflow that no longer takes the same
steps in the same order fails here, and needs `workflow.patched()`.
"""

import base64
import re
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.workflow import _Definition as definition

from tests.workflows.conftest import HISTORIES, replayer
from worker import WORKFLOWS

RECORDED = sorted(HISTORIES.glob("*.json"))


def test_there_is_a_history_of_each_workflow() -> None:
    texts = [path.read_text() for path in RECORDED]

    for workflow in WORKFLOWS:
        name = definition.must_from_class(workflow).name
        assert any(f'"name": "{name}"' in text for text in texts), name


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda path: path.stem)
async def test_a_recorded_history_replays(recorded: Path) -> None:
    await replayer().replay_workflow(load(recorded))


def load(recorded: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(recorded.stem, recorded.read_text())


def test_recorded_histories_show_no_amount_and_no_card_in_clear() -> None:
    """What the server keeps in clear is its own bookkeeping and the search attributes."""
    stored = [
        base64.b64decode(data)
        for path in RECORDED
        for data in re.findall(r'"data": "([^"]+)"', path.read_text())
    ]

    assert stored
    for word in (b'"amount"', b'"card_pan"', b'"deposit"', b'"authority"'):
        assert not any(word in payload for payload in stored)
