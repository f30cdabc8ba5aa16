"""Random steps, with crashes at any of them, lead where a small model says, and all proofs hold.

A failure prints its seed and the shortest run that fails; `--seed N` repeats it.
"""

import secrets
from collections import Counter
from typing import get_args

import pytest

from tests.properties.commands import Command
from tests.properties.runs import Runs

PARTS, RUNS = 4, 2  # × 250 steps = 2,000
LONG_RUNS = 80  # × 250 = 20,000


@pytest.fixture
def runs(superuser_url: str) -> Runs:
    return Runs(superuser_url)


def seed_of(request: pytest.FixtureRequest) -> int:
    seed: int | None = request.config.getoption("--seed")
    return secrets.randbelow(2**32) if seed is None else seed


@pytest.mark.parametrize("part", range(PARTS))
async def test_any_order_of_steps_and_crashes_keeps_the_books(
    part: int, runs: Runs, request: pytest.FixtureRequest
) -> None:
    first = seed_of(request) + part * RUNS

    for seed in range(first, first + RUNS):
        await runs.check(seed)


async def test_a_few_runs_do_refuse_and_kill_each_kind_of_step(runs: Runs) -> None:
    """What never happens is never checked: a change of the rules must not empty the runs."""
    seen: Counter[str] = Counter()
    for seed in range(3):
        seen += await runs.check(seed)

    names = {command.__name__ for command in get_args(Command)}
    assert {name for name in names if not seen[f"{name} done"]} == set()
    assert {name for name in names if not seen[f"{name} died"]} == set()
    for refusal in ("insufficient_funds", "illegal_transition", "forbidden", "not_found"):
        assert any(what.endswith(refusal) for what in seen), refusal


@pytest.mark.long
@pytest.mark.timeout(7200)
async def test_twenty_thousand_steps_keep_the_books(
    runs: Runs, request: pytest.FixtureRequest
) -> None:
    first = seed_of(request)

    for seed in range(first, first + LONG_RUNS):
        await runs.check(seed)
