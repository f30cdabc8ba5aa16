"""The list of workflows that need a person: told twice is told once, and a decision is logged."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from activities.attention import PostgresAttentionSteps
from activities.contracts.attention import Decided
from activities.contracts.reconciliation import Compare
from activities.reconciliation import PostgresReconciliationSteps
from domain.attention import Need, Outcome, Trouble, Troubled
from domain.audit import AuditAction, Origin
from models.attention import AttentionRow
from models.database import Sessions
from models.queries import attention, audit
from models.queries.audit import AuditFilter

HOUR = timedelta(hours=1)


def a_need(**changes: Any) -> Need:
    values: dict[str, Any] = {
        "id": uuid4(),
        "workflow_id": f"payment:{uuid4()}",
        "workflow_type": "TopUp",
        "kind": Trouble.PARKED,
        "cause": "The amounts differ.",
        "todo": "Look at the bank.",
        "amount": Decimal(250_000),
        "since": datetime.now(UTC) - HOUR,
    }
    return Need(**values | changes)


def decided(need: Need, **changes: Any) -> Decided:
    values: dict[str, Any] = {
        "need": need,
        "outcome": Outcome.RETRY,
        "line_id": uuid4(),
        "actor": "olga",
        "note": "The bank agrees.",
    }
    return Decided(**values | changes)


@pytest.fixture
def steps(own_sessions: Sessions) -> PostgresAttentionSteps:
    return PostgresAttentionSteps(own_sessions)


async def row_of(sessions: Sessions, need: Need) -> AttentionRow:
    async with sessions() as session:
        row = await session.scalar(select(AttentionRow).where(AttentionRow.id == need.id))
    assert row
    return row


async def lines_of(sessions: Sessions, need: Need) -> list[Any]:
    async with sessions() as session:
        return list(await audit.page(session, AuditFilter(subject=need.workflow_id), limit=10))


async def test_a_need_that_is_told_twice_is_listed_once(
    steps: PostgresAttentionSteps, own_sessions: Sessions
) -> None:
    need = a_need()

    await steps.list_need(need)
    await steps.list_need(need)

    async with own_sessions() as session:
        [row] = await attention.page(session, after=None, limit=10)
        totals = await attention.parked(session)
    assert (row.id, row.amount, row.cause, row.cleared_at) == (
        need.id, need.amount, need.cause, None,
    )  # fmt: skip
    assert totals == [Troubled(Trouble.PARKED, "TopUp", 1, need.amount, need.since)]


async def test_what_is_over_before_it_is_listed_is_never_open(
    steps: PostgresAttentionSteps, own_sessions: Sessions
) -> None:
    need = a_need(kind=Trouble.STUCK)

    await steps.clear_need(need)
    await steps.list_need(need)

    assert (await row_of(own_sessions, need)).outcome is Outcome.MENDED
    async with own_sessions() as session:
        assert not await attention.page(session, after=None, limit=10)
        assert await attention.parked(session) == []


async def test_a_decision_is_logged_once_and_closes_what_it_is_about(
    steps: PostgresAttentionSteps, own_sessions: Sessions
) -> None:
    need = a_need()
    await steps.list_need(need)
    word = decided(need)

    await steps.record_decision(word)
    first = (await row_of(own_sessions, need)).cleared_at
    await steps.record_decision(word)

    row = await row_of(own_sessions, need)
    assert (row.outcome, row.cleared_at) == (Outcome.RETRY, first)
    [line] = await lines_of(own_sessions, need)
    assert (line.action, line.actor_id) == (AuditAction.WORKFLOW_RETRIED, None)
    assert line.details == {
        "actor": "olga",
        "note": "The bank agrees.",
        "cause": need.cause,
        "amount": "250000.00",
    }


async def test_an_operator_with_an_account_is_named_by_it(
    steps: PostgresAttentionSteps, own_sessions: Sessions
) -> None:
    need, who = a_need(), uuid4()
    origin = Origin("203.0.113.7", "the-request", uuid4())

    await steps.record_decision(
        decided(need, outcome=Outcome.ABORT, actor=str(who), by=who, origin=origin)
    )

    [line] = await lines_of(own_sessions, need)
    assert (line.action, line.actor_id) == (AuditAction.WORKFLOW_ABORTED, who)
    assert (line.address, line.request_id) == ("203.0.113.7", "the-request")
    assert "actor" not in line.details
    # Nobody had listed it: the decision came first, and it never will be open.
    assert (await row_of(own_sessions, need)).outcome is Outcome.ABORT


async def test_without_its_line_in_the_log_nothing_is_closed(
    steps: PostgresAttentionSteps, own_sessions: Sessions
) -> None:
    need = a_need()
    await steps.list_need(need)

    with pytest.raises(Exception, match=r"u0000"):
        await steps.record_decision(decided(need, note="\x00"))

    assert (await row_of(own_sessions, need)).cleared_at is None
    assert await lines_of(own_sessions, need) == []


async def test_the_list_is_in_order_of_age_and_has_pages(
    steps: PostgresAttentionSteps, own_sessions: Sessions
) -> None:
    now = datetime.now(UTC)
    young, old, middle = (a_need(since=now - hours * HOUR) for hours in (1, 3, 2))
    for need in (young, old, middle):
        await steps.list_need(need)

    async with own_sessions() as session:
        first = await attention.page(session, after=None, limit=2)
        after = (first[-1].since, first[-1].seq)
        second = await attention.page(session, after=after, limit=2)

    assert [row.id for row in [*first, *second]] == [old.id, middle.id, young.id]


async def test_of_what_ended_without_a_word_the_list_hears_from_the_comparison(
    steps: PostgresAttentionSteps, own_sessions: Sessions
) -> None:
    terminated, runs, fresh = a_need(), a_need(), a_need(since=datetime.now(UTC))
    for need in (terminated, runs, fresh):
        await steps.list_need(need)

    async def running(names: Collection[str]) -> frozenset[str]:
        return frozenset({runs.workflow_id} & set(names))

    await PostgresReconciliationSteps(own_sessions, running).compare(Compare((), is_whole=True))

    assert (await row_of(own_sessions, terminated)).outcome is Outcome.ENDED
    assert (await row_of(own_sessions, runs)).cleared_at is None
    assert (await row_of(own_sessions, fresh)).cleared_at is None


async def test_the_list_is_read_by_its_index_alone(own_sessions: Sessions) -> None:
    """It is read at each scrape and each look: what was cleared in years must not cost anything."""
    async with own_sessions.begin() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = await session.scalars(
            text(
                "EXPLAIN SELECT * FROM attention WHERE cleared_at IS NULL "
                "ORDER BY since, seq LIMIT 20"
            )
        )
        assert "Index Scan using attention_open_idx" in "\n".join(plan)
