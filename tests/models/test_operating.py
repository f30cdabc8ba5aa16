"""How the platform stands, as those who run it see it: what is late, and since when."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import text

from activities.seals import PostgresSealSteps
from domain.attention import Outcome, Trouble, Troubled
from domain.messages.notice import Channel, MessageStatus
from models.database import Sessions
from models.queries import attention, daily_reports, operating
from models.queries.operating import Condition
from tests import given
from tests.activities.test_attention import a_need

HOUR = timedelta(hours=1)


async def condition(sessions: Sessions) -> Condition:
    async with sessions() as session:
        return await operating.condition(session)


async def test_where_nothing_has_happened_nothing_is_late(own_sessions: Sessions) -> None:
    found = await condition(own_sessions)

    assert (found.unsealed_since, found.report_at, found.due_since) == (None, None, {})
    assert not found.findings
    assert not found.troubles


async def test_the_oldest_message_that_is_due_speaks_for_its_channel(
    own_sessions: Sessions,
) -> None:
    now, sara = datetime.now(UTC), await given.a_user(own_sessions)
    queued = {"status": MessageStatus.QUEUED}
    old, older = now - HOUR, now - 2 * HOUR
    await given.a_message(own_sessions, sara, **queued, created_at=old)
    await given.a_message(own_sessions, sara, **queued, created_at=older, held_until=now + HOUR)
    await given.a_message(own_sessions, sara, created_at=older)
    sms = {"channel": Channel.SMS, "created_at": older}
    await given.a_message(own_sessions, sara, **queued, **sms, held_until=old)
    await given.a_message(own_sessions, sara, **queued, **sms, held_until=now + HOUR)
    whatsapp = {"channel": Channel.WHATSAPP, "created_at": older}
    await given.a_message(own_sessions, sara, **queued, **whatsapp, held_until=now + HOUR)

    due = (await condition(own_sessions)).due_since

    assert due == {Channel.EMAIL: old.timestamp(), Channel.SMS: old.timestamp()}


async def test_the_first_transaction_that_no_seal_covers_is_named(own_sessions: Sessions) -> None:
    sara = await given.a_user(own_sessions)
    seals = PostgresSealSteps(own_sessions)
    await given.money_in_wallet(own_sessions, sara, Decimal(1_000))
    first = (await condition(own_sessions)).unsealed_since
    assert first
    await given.money_in_wallet(own_sessions, sara, Decimal(1_000))
    assert (await condition(own_sessions)).unsealed_since == first

    await seals.seal_ledger()
    assert (await condition(own_sessions)).unsealed_since is None

    await given.money_in_wallet(own_sessions, sara, Decimal(1_000))
    next_one = (await condition(own_sessions)).unsealed_since
    assert next_one
    assert next_one > first


async def test_the_report_is_as_old_as_its_newest_day(own_sessions: Sessions) -> None:
    for day in (date(2026, 3, 2), date(2026, 3, 1)):
        async with own_sessions.begin() as session:
            await daily_reports.close(session, day, "Asia/Tehran")
    async with own_sessions() as session:
        made = await session.scalar(
            text("SELECT made_at FROM daily_reports ORDER BY day DESC LIMIT 1")
        )

    assert made
    assert (await condition(own_sessions)).report_at == made


async def test_workflows_that_wait_are_summed_up_with_their_money(own_sessions: Sessions) -> None:
    open_one, older = a_need(), a_need(since=datetime.now(UTC) - 3 * HOUR)
    stuck = a_need(kind=Trouble.STUCK, workflow_type="TicketLoan")
    over = a_need()
    async with own_sessions.begin() as session:
        for need in (open_one, older, stuck, over):
            await attention.keep(session, need)
        await attention.clear(session, over, Outcome.RETRY)

    found = (await condition(own_sessions)).troubles

    assert list(found) == [
        Troubled(Trouble.PARKED, "TopUp", 2, open_one.amount + older.amount, older.since),
        Troubled(Trouble.STUCK, "TicketLoan", 1, stuck.amount, stuck.since),
    ]
