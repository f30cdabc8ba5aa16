"""How often somebody may ask, and how long who fails has to wait."""

from datetime import timedelta

import pytest

from domain.limits import BackOff, Rate

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
ACCOUNT = BackOff(5, SECOND, longest=15 * MINUTE, recovery=15 * MINUTE)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("30/minute", Rate(30, MINUTE)),
        (" 1/second ", Rate(1, SECOND)),
        ("5/hour", Rate(5, timedelta(hours=1))),
        ("1000000/day", Rate(1_000_000, timedelta(days=1))),
    ],
)
def test_a_rate_is_read_as_people_write_it(text: str, rate: Rate) -> None:
    assert Rate.parse(text) == rate


@pytest.mark.parametrize(
    "text", ["", "30", "0/minute", "-1/minute", "30/min", "30/fortnight", "3.5/hour", "1e3/day"]
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="30/minute"):
        Rate.parse(text)


def test_a_rate_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="1000000/second"):
        Rate.parse("9999999/second")


@pytest.mark.parametrize(
    ("until_full", "left", "wait"),
    [
        (-MINUTE, 4, timedelta()),
        (timedelta(), 4, timedelta()),
        (timedelta(seconds=15), 3, timedelta()),
        (timedelta(seconds=16), 2, timedelta()),
        (timedelta(seconds=45), 1, timedelta()),
        (timedelta(seconds=46), 0, SECOND),
        (MINUTE, 0, timedelta(seconds=15)),
    ],
)
def test_what_was_used_up_grows_back_evenly(
    until_full: timedelta, left: int, wait: timedelta
) -> None:
    rate = Rate(4, MINUTE)

    assert rate.left(until_full) == left
    assert rate.wait(until_full) == wait


@pytest.mark.parametrize(
    ("failures", "wait_s"),
    [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (14, 512), (15, 900), (17, 900)],
)
def test_each_failure_doubles_the_wait_up_to_the_longest(failures: int, wait_s: int) -> None:
    assert ACCOUNT.wait(failures, timedelta()) == wait_s * SECOND


def test_a_wait_is_over_when_its_time_has_passed() -> None:
    assert ACCOUNT.wait(7, 3 * SECOND) == SECOND
    assert ACCOUNT.wait(7, 4 * SECOND) == timedelta()


def test_nobody_waits_for_ever_and_failures_are_forgotten() -> None:
    failures = 0
    for _ in range(1000):
        failures = ACCOUNT.after_one_more(failures, timedelta())

    assert ACCOUNT.wait(failures, timedelta()) == 15 * MINUTE
    assert ACCOUNT.wait(failures, 15 * MINUTE) == timedelta()
    assert ACCOUNT.after_one_more(failures, timedelta(hours=5)) == 1


def test_who_fails_steadily_gets_no_more_than_a_try_in_the_longest_wait() -> None:
    failures, tries, day = 0, 0, timedelta()
    ago = timedelta()
    while day < timedelta(days=1):
        if not ACCOUNT.wait(failures, ago):
            failures, tries, ago = ACCOUNT.after_one_more(failures, ago), tries + 1, timedelta()
        day, ago = day + SECOND, ago + SECOND

    assert tries < 5 + 10 + 2 * 96
