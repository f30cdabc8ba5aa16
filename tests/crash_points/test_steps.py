"""Every step dies at every moment that it has, and is taken again: it has happened once."""

from decimal import Decimal

import pytest
from sqlalchemy.exc import OperationalError

from tests.crash_points.cases import CASES, Call, World
from tests.crash_points.effects import between, effects
from tests.crash_points.mortal import Death, Mortal


@pytest.mark.parametrize("name", CASES)
async def test_a_step_that_dies_at_any_moment_happens_once(
    world: World, mortal: Mortal, name: str
) -> None:
    moments, whole = await taken_alive(world, mortal, await CASES[name](world))
    assert len(moments) >= 2

    for moment in moments:
        call = await CASES[name](world)
        assert call.step == name.partition(",")[0]
        before = await effects(world)
        await dies(mortal, call, moment)
        await world.let_messages_go()
        answer = await mortal.take(call.step, *call.command)
        after = await effects(world)
        again = await mortal.take(call.step, *call.command)

        assert between(before, after) == whole, moment
        assert between(after, await effects(world)) == {}, moment
        assert again == answer or not call.says_again, moment


async def taken_alive(
    world: World, mortal: Mortal, call: Call
) -> tuple[list[str], dict[str, Decimal]]:
    """Take a step undisturbed; return the moments that it has, and all that it changes."""
    before = await effects(world)
    await mortal.take(call.step, *call.command)
    return list(mortal.points.passed), between(before, await effects(world))


async def dies(mortal: Mortal, call: Call, moment: str) -> None:
    mortal.points.arm(moment)
    with pytest.raises((Death, OperationalError)):
        await mortal.take(call.step, *call.command)
    assert mortal.points.passed[-1] == moment
    await mortal.begin_anew()


def test_every_step_dies_somewhere(world: World) -> None:
    """A new step needs a case in `cases.py`; its moments are found by themselves."""
    assert world.steps.keys() == {name.partition(",")[0] for name in CASES}
