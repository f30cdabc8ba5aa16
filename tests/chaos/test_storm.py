"""A storm does what is planned, and kills what is at work rather than what is still down."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from chaos import storm
from chaos.cuts import Cutter, Severed
from chaos.kills import Death, Killer
from chaos.plan import Blow, Cut, Kill, Line, Victim
from chaos.storm import Storm


class Target(Killer):
    """Nobody is killed, and it is noted in which order they would have been."""

    async def kill(self, victim: Victim, *, but: int | None = None) -> Death:
        return Death(victim, (but or 0) + 1, float(but or 0))


class Scissors(Cutter):
    def cut(self, line: Line, *, is_whole: bool) -> Severed:
        return Severed(line, 2 if is_whole else 1)


async def rage(blows: Sequence[Blow], asked: list[float], answers: list[bool]) -> Storm:
    def works(since: float) -> bool:
        asked.append(since)
        return answers.pop(0)

    nowhere = Path()
    raging = Storm(Target(nowhere, Random(1)), Scissors(nowhere, Random(1)), print, works)
    await raging.rage(blows)
    return raging


async def test_all_that_is_planned_is_done_and_counted() -> None:
    blows: list[Blow] = [
        Kill(0.0, (Victim.API, Victim.POSTGRES)),
        Cut(0.0, Line.API_TEMPORAL, is_whole=True),
        Kill(0.0, (Victim.WORKER,), once_more=True),
    ]

    raging = await rage(blows, [], [True, True])

    assert raging.damage.kills() == {"api": 1, "postgres": 1, "worker": 2}
    assert [death.pid for death in raging.damage.deaths] == [1, 1, 1, 2]
    assert raging.damage.cuts() == {"api to temporal": 2}


async def test_a_kill_waits_until_there_is_work_to_interrupt() -> None:
    asked: list[float] = []

    await rage([Kill(0.0, (Victim.API,)), Kill(0.0, (Victim.API,))], asked, [True, False, True])

    assert asked == [float("-inf"), 0.0, 0.0]


async def test_a_system_that_does_not_recover_is_killed_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(storm, "RECOVERY_S", 0.2)

    raging = await rage([Kill(0.0, (Victim.API,))], [], [False] * 100)

    assert len(raging.damage.deaths) == 1
