"""What is done to a system and when: a schedule that follows from a length and a seed alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final, TypeVar

# Each has its kill, so that three minutes have at least twenty-four; what was hit is mostly back
# by the next, or there would be nothing to interrupt.
SLOT_S: Final = 7.5
_TWO_AT_ONCE: Final = 0.15
_ONCE_MORE: Final = 0.25
_CUTS: Final = (1, 1, 1, 2)

Choice = TypeVar("Choice")


class Victim(StrEnum):
    """Who is killed. Of PostgreSQL either the whole server, or the process of one connection."""

    WORKER = "worker"
    API = "api"
    POSTGRES = "postgres"
    TEMPORAL = "temporal"
    BACKEND = "one backend of postgres"


class Line(StrEnum):
    """Between whom connections are cut; the first one is the side that they are cut at."""

    API_POSTGRES = "api to postgres"
    WORKER_POSTGRES = "worker to postgres"
    API_TEMPORAL = "api to temporal"
    WORKER_TEMPORAL = "worker to temporal"
    API_CALLERS = "api to its callers"


@dataclass(frozen=True)
class Kill:
    """A kill -9, `at_s` seconds after the beginning.

    Attributes:
        once_more: The same ones are killed again as soon as they were started again.
    """

    at_s: float
    victims: tuple[Victim, ...]
    once_more: bool = False

    @property
    def deaths(self) -> int:
        return len(self.victims) * (2 if self.once_more else 1)


@dataclass(frozen=True)
class Cut:
    """The end of one connection, or of all connections between two."""

    at_s: float
    line: Line
    is_whole: bool


Blow = Kill | Cut


def plan(minutes: float, seed: int) -> tuple[Blow, ...]:
    """Return what is done, in order of time: in each slot one kill and one or two cuts.

    Everybody is hit in turn, in an order that is drawn anew for each round, so that no victim and
    no line is left out however short the storm.
    """
    chance = Random(seed)
    victims, lines = _rounds(chance, tuple(Victim)), _rounds(chance, tuple(Line))
    blows: list[Blow] = []
    for number in range(slots(minutes)):
        begin_s = number * SLOT_S
        blows.append(_kill(chance, begin_s, victims))
        for _ in range(chance.choice(_CUTS)):
            at_s = begin_s + chance.uniform(0, SLOT_S)
            blows.append(Cut(round(at_s, 3), next(lines), is_whole=chance.random() < 0.5))
    return tuple(sorted(blows, key=lambda blow: blow.at_s))


def slots(minutes: float) -> int:
    return max(1, int(minutes * 60 / SLOT_S))


def deaths(blows: Sequence[Blow]) -> int:
    """Return how many processes a plan kills."""
    return sum(blow.deaths for blow in blows if isinstance(blow, Kill))


def _kill(chance: Random, begin_s: float, victims: Iterator[Victim]) -> Kill:
    at_s = round(begin_s + chance.uniform(0, SLOT_S), 3)
    first = next(victims)
    if chance.random() < _TWO_AT_ONCE:
        second = next(victims)
        return Kill(at_s, (first, second) if first is not second else (first,))
    # A server that has lost a backend restarts within itself; there is nobody to kill again.
    return Kill(at_s, (first,), once_more=first is not Victim.BACKEND and _is(chance, _ONCE_MORE))


def _is(chance: Random, likelihood: float) -> bool:
    return chance.random() < likelihood


def _rounds(chance: Random, choices: tuple[Choice, ...]) -> Iterator[Choice]:
    while True:
        yield from chance.sample(choices, len(choices))
