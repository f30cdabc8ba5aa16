"""Numbers become choices: mostly something that fits, and sometimes anything."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class NothingThere(Exception):
    """What a move would be about does not exist yet."""


def mostly(fitting: Sequence[T], anything: Sequence[T], number: int) -> Sequence[T]:
    """Choose from what fits, but one time in eight, and when nothing does, from anything."""
    return fitting if fitting and number % 8 else anything


def pick(options: Sequence[T], number: int) -> T:
    if not options:
        raise NothingThere
    return options[number % len(options)]
