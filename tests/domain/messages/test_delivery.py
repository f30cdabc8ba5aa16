"""A message goes as far as the report that tells the most, whatever comes after it."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.messages.delivery import Report, furthest
from domain.messages.notice import Delivery, rank

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ORDER = ("accepted", "undelivered", "delivered", "read")


def a_report(delivery: str, seconds: int = 0, name: str = "m1", provider: str = "twilio") -> Report:
    return Report(provider, name, Delivery(delivery), AT + timedelta(seconds=seconds))


def test_each_report_has_its_place() -> None:
    assert set(ORDER) == set(Delivery)
    assert sorted(Delivery, key=rank) == list(ORDER)
    assert len({rank(delivery) for delivery in Delivery}) == len(Delivery)


@pytest.mark.parametrize(("less", "more"), list(itertools.combinations(ORDER, 2)))
def test_the_one_that_tells_more_counts_however_late_the_other_comes(less: str, more: str) -> None:
    early, late = a_report(more, 1), a_report(less, 9)

    assert furthest([early, late]) == furthest([late, early]) == [early]


def test_of_two_that_tell_the_same_the_earlier_one_counts() -> None:
    first, again = a_report("read", 1), a_report("read", 2)

    assert furthest([first, again]) == furthest([again, first]) == [first]


def test_messages_and_providers_are_kept_apart() -> None:
    reports = [
        a_report("read"), a_report("accepted", name="m2"), a_report("delivered", 1),
        a_report("undelivered", provider="postmark"),
    ]  # fmt: skip

    assert furthest(reports) == [reports[0], reports[1], reports[3]]


def test_of_nothing_there_is_nothing() -> None:
    assert furthest([]) == []


REPORTS = st.lists(
    st.builds(a_report, st.sampled_from(ORDER), st.integers(0, 5), st.sampled_from(["m1", "m2"])),
    max_size=8,
)


@given(REPORTS, st.randoms(use_true_random=False), st.integers(0, 8))
def test_neither_order_nor_repetition_nor_batches_matter(
    reports: list[Report], random: object, cut: int
) -> None:
    shuffled = reports * 2
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    at_once = set(furthest(reports))

    assert set(furthest(shuffled)) == at_once
    assert set(furthest([*furthest(shuffled[:cut]), *furthest(shuffled[cut:])])) == at_once
