"""The nearest free time, against trying every start."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from domain.calendar import Period, nearest_free, neighbourhood

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
END = 40
# Hours after BEGIN; lengths of taken periods and of the gaps before them.
busy_hours = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 6)), max_size=6)


def period(starts: int, ends: int) -> Period:
    return Period(BEGIN + timedelta(hours=starts), BEGIN + timedelta(hours=ends))


def laid_out(gaps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    taken, at = [], 0
    for gap, length in gaps:
        taken.append((at + gap, at + gap + length))
        at += gap + length
    return taken


@examples(busy_hours, st.integers(0, END - 8), st.integers(1, 8))
def test_no_free_start_is_nearer_on_either_side(
    gaps: list[tuple[int, int]], starts: int, length: int
) -> None:
    taken = laid_out(gaps)

    def is_free(at: int) -> bool:
        fits = at >= 0 and at + length <= END
        return fits and all(at + length <= a or b <= at for a, b in taken)

    wish = period(starts, starts + length)
    found = nearest_free(wish, [period(*each) for each in taken], period(0, END))

    before = [at for at in range(starts + 1) if is_free(at)]
    after = [at for at in range(starts, END) if is_free(at)]
    wanted = {before[-1]} if before else set()
    wanted |= {after[0]} if after else set()
    wanted = {starts} if starts in wanted else wanted
    assert list(found) == [period(at, at + length) for at in sorted(wanted)]


def test_periods_that_meet_do_not_overlap() -> None:
    assert nearest_free(
        period(4, 6), [period(2, 4), period(4, 6), period(6, 8)], period(0, 99)
    ) == (
        period(0, 2),
        period(8, 10),
    )


def test_the_past_is_not_offered() -> None:
    now = BEGIN + timedelta(hours=5)
    near = neighbourhood(period(6, 8), now)

    assert nearest_free(period(6, 8), [period(6, 8)], near) == (period(8, 10),)


def test_nobody_is_made_to_look_further_than_the_horizon() -> None:
    near = neighbourhood(period(0, 24), BEGIN)
    for_ever = period(0, 24 * 500)

    assert near.length == timedelta(days=401)
    assert nearest_free(period(0, 24), [for_ever], near) == ()


@pytest.mark.parametrize("hours", [1, 24, 24 * 3650])
def test_a_wish_that_became_free_is_the_only_answer(hours: int) -> None:
    wish = period(24, 24 + hours)

    assert nearest_free(wish, [period(0, 24)], neighbourhood(wish, BEGIN)) == (wish,)
