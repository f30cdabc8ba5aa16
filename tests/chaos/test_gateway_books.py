"""The gateway's record is held against what payers were told."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from chaos.gateway_books import faults, read, taken
from chaos.journal import Held, Journal
from sandbox.gateway.store import Payment, Status, Store, new_authority

ORDER = UUID(int=7)


def told(status: str) -> list[Journal]:
    journal = Journal(UUID(int=1))
    journal.payments[ORDER] = Held(Decimal(250_000), status)
    return [journal]


def opened(status: Status) -> Payment:
    return Payment(
        merchant_id="m",
        amount=250_000,
        description="Top-up",
        callback_url="http://api/verify/",
        order_id=str(ORDER),
        auto_verify=False,
        authority=new_authority(),
        created_at="2026-11-22T12:00:00+00:00",
        status=status,
    )


@pytest.mark.parametrize(
    ("here", "there"),
    [("paid", Status.VERIFIED), ("reversed", Status.REVERSED), ("cancelled", Status.FAILED)],
)
def test_the_same_story_is_right(here: str, there: Status) -> None:
    assert faults(told(here), [opened(there)]) == []


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("paid", Status.PAID),  # taken, and never claimed
        ("paid", Status.REVERSED),
        ("pending", Status.VERIFIED),
        ("cancelled", Status.VERIFIED),
        ("reversed", Status.VERIFIED),
    ],
)
def test_another_story_is_a_fault(here: str, there: Status) -> None:
    [fault] = faults(told(here), [opened(there)])

    assert str(ORDER) in str(fault)


def test_another_amount_none_at_all_and_two_are_faults() -> None:
    one = opened(Status.VERIFIED)

    assert faults(told("paid"), [replace(one, amount=250_001)])
    assert faults(told("paid"), [])
    assert faults(told("paid"), [one, opened(Status.VERIFIED)])


def test_a_page_that_nobody_was_shown_is_no_fault() -> None:
    assert faults(told("paid"), [opened(Status.IN_BANK), opened(Status.VERIFIED)]) == []


def test_what_the_gateway_took_is_summed_from_its_own_file(tmp_path: Path) -> None:
    store = Store(tmp_path / "gateway.sqlite")
    for status in (Status.VERIFIED, Status.IN_BANK):
        store.save(opened(status))
    store.save(replace(opened(Status.VERIFIED), order_id=None))
    store.close()

    assert taken(told("paid"), read(tmp_path / "gateway.sqlite")) == 250_000
