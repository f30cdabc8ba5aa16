"""Random steps, with crashes at any of them, lead where a small model says, and all proofs hold.

A failure prints its seed and the shortest run that fails; `--seed N` repeats it.
"""

import secrets
from collections import Counter
from typing import get_args

import pytest

from activities.contracts.tickets import MoveTicket
from domain.ticket import Action
from tests.properties.commands import Command
from tests.properties.runs import Runs

PARTS, RUNS = 4, 2  # × 250 steps = 2,000
TELLING = (11, 6, 19)  # in these each thing happened, the last time that somebody looked
ENOUGH = 40  # and by then it did under every change of the rules so far
RIVALS = {"accept named rivals", "accept_extension named rivals"}
REFUSALS = {
    "insufficient_funds",
    "illegal_transition",
    "forbidden",
    "not_found",
    "validation_error",
    "asset_unavailable",
    "own_asset",
}
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


@pytest.mark.timeout(300)
async def test_a_few_runs_do_refuse_and_kill_each_kind_of_step(superuser_url: str) -> None:
    """What never happens is never checked: a change of the rules must not empty the runs."""
    runs = Runs(superuser_url, proving=False)  # others prove; this one only counts
    seen: Counter[str] = Counter()
    for seed in [*TELLING, *range(ENOUGH)]:
        seen += await runs.check(seed)
        if not missing(seen):
            break

    assert missing(seen) == set()


def missing(seen: Counter[str]) -> set[str]:
    """Return what was not done, did not die, or (if it is an action) was not refused yet."""
    actions = {action.value for action in Action if action is not Action.REQUEST}
    names = actions | {kind.__name__ for kind in get_args(Command) if kind is not MoveTicket}
    wanted = {f"{name} {end}" for name in names for end in ("done", "died")}
    refused = {what.split()[0] for what in seen if what.split()[-1] in REFUSALS}
    codes = REFUSALS - {what.split()[-1] for what in seen}
    return (wanted | RIVALS) - seen.keys() | (actions - refused) | codes


@pytest.mark.long
@pytest.mark.timeout(7200)
async def test_twenty_thousand_steps_keep_the_books(
    runs: Runs, request: pytest.FixtureRequest
) -> None:
    first = seed_of(request)

    for seed in range(first, first + LONG_RUNS):
        await runs.check(seed)
