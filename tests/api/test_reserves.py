"""What was counted ahead is used once, soon, and by whom it was counted for."""

from datetime import timedelta

import pytest

from api.limits.reserves import Reserves

SECOND = timedelta(seconds=1)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("api.limits.reserves.time", clock)
    return clock


def test_each_is_used_once_and_says_where_its_owner_stands(clock: Clock) -> None:
    reserves = Reserves()
    reserves.keep(b"a", 3, 10 * SECOND)

    spent = [reserves.spend(b"a", SECOND) for _ in range(5)]

    assert spent == [8 * SECOND, 9 * SECOND, 10 * SECOND, None, None]
    assert reserves.spend(b"b", SECOND) is None


def test_what_is_not_used_within_a_second_is_given_up(clock: Clock) -> None:
    reserves = Reserves()
    reserves.keep(b"a", 3, 10 * SECOND)
    clock.now += 0.9
    assert reserves.spend(b"a", SECOND) is not None

    clock.now += 0.1

    assert reserves.spend(b"a", SECOND) is None


def test_two_that_were_counted_at_the_same_time_add_up(clock: Clock) -> None:
    reserves = Reserves()
    reserves.keep(b"a", 2, 5 * SECOND)
    reserves.keep(b"a", 2, 8 * SECOND)
    clock.now += 0.5

    assert sum(reserves.spend(b"a", SECOND) is not None for _ in range(6)) == 4


def test_what_has_lapsed_is_not_added(clock: Clock) -> None:
    reserves = Reserves()
    reserves.keep(b"a", 2, 5 * SECOND)
    clock.now += 2
    reserves.keep(b"a", 2, 5 * SECOND)

    assert sum(reserves.spend(b"a", SECOND) is not None for _ in range(6)) == 2


def test_there_is_room_for_so_many_and_no_more(clock: Clock) -> None:
    reserves = Reserves()
    for number in range(25_000):
        reserves.keep(number.to_bytes(4), 1, SECOND)

    assert len(reserves._kept) <= 10_000
    assert reserves.spend((24_999).to_bytes(4), SECOND) is not None
