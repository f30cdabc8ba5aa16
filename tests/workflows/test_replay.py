"""The gate for every change of a workflow: loans that run today must go on with its new code.

The histories were recorded by `./assets test tests/workflows --record`; a workflow that no longer
takes the same steps in the same order fails here, and needs `workflow.patched()`.
"""

import base64
import re
from pathlib import Path

import pytest

from tests.workflows import recorded
from tests.workflows.conftest import replayer

RECORDED = recorded.all_of_them()


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_a_recorded_history_replays(path: Path) -> None:
    await replayer().replay_workflow(recorded.load(path))


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
