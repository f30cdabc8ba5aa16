"""When messages are tried again, when their readers sleep, and which may be sent again."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as over
from hypothesis import strategies as st

from domain.errors import IllegalTransition
from domain.messages.notice import OPTIONAL, SECURITY, MessageStatus, NoticeKind, worth_sending
from domain.messages.sending import Quiet, backoff, check_resend, zone_of

# With a summer time, with half an hour of it, without one, and with one that begins at midnight.
ZONES = ("Asia/Tehran", "Europe/Berlin", "Australia/Lord_Howe", "UTC", "Africa/Cairo")
BERLIN = ZoneInfo("Europe/Berlin")
TIMES = st.times().map(lambda one: one.replace(microsecond=0))
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)).map(  # noqa: DTZ001
    lambda one: one.replace(tzinfo=UTC)
)


def test_pauses_double_from_two_seconds_to_ten_minutes() -> None:
    pauses = [backoff(tries).total_seconds() for tries in range(1, 14)]

    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600, 600]
    assert backoff(10_000) == timedelta(minutes=10)
    assert backoff(0) == timedelta(seconds=2)


def test_news_of_loans_is_worth_sending_for_longer_than_that_of_an_account() -> None:
    assert {worth_sending(kind) for kind in OPTIONAL} == {timedelta(hours=72)}
    assert max(worth_sending(kind) for kind in SECURITY) == timedelta(hours=24)
    assert worth_sending(NoticeKind.PHONE_CODE) == timedelta(minutes=10)


@pytest.mark.parametrize(
    ("starts", "ends", "now", "end"),
    [
        ("22:30", "07:00", "2026-11-22 23:00", "2026-11-23 07:00"),  # before midnight
        ("22:30", "07:00", "2026-11-23 00:00", "2026-11-23 07:00"),  # after it
        ("22:30", "07:00", "2026-11-22 22:30", "2026-11-23 07:00"),  # the first instant
        ("22:30", "07:00", "2026-11-23 06:59", "2026-11-23 07:00"),
        ("22:30", "07:00", "2026-11-23 07:00", None),  # the end does not belong to it
        ("22:30", "07:00", "2026-11-22 12:00", None),
        ("13:00", "15:00", "2026-11-22 14:00", "2026-11-22 15:00"),  # a rest after lunch
        ("13:00", "15:00", "2026-11-22 15:00", None),
        ("13:00", "15:00", "2026-11-22 23:00", None),
        ("00:00", "23:59", "2026-11-22 23:58", "2026-11-22 23:59"),
    ],
)
def test_quiet_hours_are_those_of_the_readers_clock(
    starts: str, ends: str, now: str, end: str | None
) -> None:
    tehran = ZoneInfo("Asia/Tehran")
    quiet = Quiet(time.fromisoformat(starts), time.fromisoformat(ends), "Asia/Tehran")

    found = quiet.until(datetime.fromisoformat(now).replace(tzinfo=tehran).astimezone(UTC))

    expected = datetime.fromisoformat(end).replace(tzinfo=tehran) if end else None
    assert found == expected
    assert found is None or found.tzinfo is UTC


def test_in_the_night_in_which_clocks_go_forward_the_end_is_that_of_the_new_clock() -> None:
    quiet = Quiet(time(22), time(7), "Europe/Berlin")

    found = quiet.until(datetime(2026, 3, 28, 22, tzinfo=BERLIN))

    assert found == datetime(2026, 3, 29, 5, tzinfo=UTC)  # eight hours later, not nine


def test_an_end_that_the_clock_leaves_out_comes_when_the_clock_has_passed_it() -> None:
    quiet = Quiet(time(22), time(2, 30), "Europe/Berlin")

    found = quiet.until(datetime(2026, 3, 29, 1, 59, tzinfo=BERLIN))

    assert found == datetime(2026, 3, 29, 3, 30, tzinfo=BERLIN).astimezone(UTC)


def test_an_hour_that_comes_twice_is_quiet_twice_and_ends_ahead() -> None:
    quiet = Quiet(time(22), time(2, 30), "Europe/Berlin")
    second_turn = datetime(2026, 10, 25, 2, 10, tzinfo=BERLIN, fold=1)

    found = quiet.until(second_turn.astimezone(UTC))

    assert found == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@over(starts=TIMES, ends=TIMES, zone=st.sampled_from(ZONES), now=INSTANTS)
def test_whoever_is_asleep_wakes_within_a_day_and_always_later_than_now(
    starts: time, ends: time, zone: str, now: datetime
) -> None:
    if starts == ends:
        return
    end = Quiet(starts, ends, zone).until(now)

    if end is not None:
        assert now < end <= now + timedelta(hours=26)


def test_a_zone_that_is_gone_keeps_nothing_from_being_sent() -> None:
    assert Quiet(time(0), time(23, 59), "Mars/Olympus").until(datetime.now(UTC)) is None


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "Asia", "../etc/passwd", "/etc/passwd", "a\0"]
)
def test_what_is_no_zone_is_told_from_one(name: str) -> None:
    assert zone_of(name) is None
    assert zone_of("Asia/Tehran") is not None


def test_what_failed_is_sent_again_once() -> None:
    loan, failed = NoticeKind.TICKET_ENDED, MessageStatus.FAILED
    check_resend(loan, failed, was_resent=False, has_reader=True)

    for status in sorted(set(MessageStatus) - {failed}):
        with pytest.raises(IllegalTransition, match=f"Cannot resend a message that is {status}"):
            check_resend(loan, status, was_resent=False, has_reader=True)
    with pytest.raises(IllegalTransition, match="sent again"):
        check_resend(loan, failed, was_resent=True, has_reader=True)
    with pytest.raises(IllegalTransition, match="secret"):
        check_resend(NoticeKind.PASSWORD_RESET, failed, was_resent=False, has_reader=True)
    with pytest.raises(IllegalTransition, match="no reader"):
        check_resend(loan, failed, was_resent=False, has_reader=False)
