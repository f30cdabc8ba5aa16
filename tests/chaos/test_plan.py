"""A storm is planned before it begins: the same for the same seed, and hard enough for any."""

from collections import Counter
from random import Random

import pytest

from chaos.plan import SLOT_S, Cut, Kill, Line, Victim, deaths, plan

SEEDS = [*range(50), *(Random(7).randrange(10**9) for _ in range(50))]


@pytest.mark.parametrize("seed", SEEDS)
def test_three_minutes_kill_at_least_twenty_times_and_leave_nobody_out(seed: int) -> None:
    blows = plan(3, seed)

    assert sum(isinstance(blow, Kill) for blow in blows) == 24
    assert deaths(blows) >= 24
    hit = Counter(victim for blow in blows if isinstance(blow, Kill) for victim in blow.victims)
    assert min(hit[victim] for victim in Victim) >= 4
    cut = Counter(blow.line for blow in blows if isinstance(blow, Cut))
    assert min(cut[line] for line in Line) >= 4


def test_a_seed_is_a_plan() -> None:
    assert plan(3, 1) == plan(3, 1)
    assert len({plan(3, seed) for seed in range(20)}) == 20


@pytest.mark.parametrize("seed", SEEDS[:10])
def test_blows_come_in_order_and_within_the_time(seed: int) -> None:
    moments = [blow.at_s for blow in plan(3, seed)]

    assert moments == sorted(moments)
    assert moments[0] >= 0
    assert moments[-1] <= 180


def test_storms_of_any_seed_kill_two_at_once_and_the_same_one_again() -> None:
    kills = [blow for blow in plan(10, 1) if isinstance(blow, Kill)]

    assert any(len(blow.victims) == 2 for blow in kills)
    assert any(blow.once_more for blow in kills)
    assert not any(blow.once_more and Victim.BACKEND in blow.victims for blow in kills)
    assert all(len(set(blow.victims)) == len(blow.victims) for blow in kills)


def test_the_shortest_storm_kills_once() -> None:
    [kill] = [blow for blow in plan(0.01, 1) if isinstance(blow, Kill)]

    assert kill.at_s <= SLOT_S
