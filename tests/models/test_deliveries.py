"""Reports move messages in one statement: forward only, and without waiting in a circle."""

import asyncio
import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.messages.delivery import Report
from domain.messages.notice import Channel, Delivery, MessageStatus, NoticeKind
from models.base import new_id
from models.database import Sessions
from models.message import MessageRow
from models.queries import deliveries
from tests import given

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


async def a_message(sessions: Sessions, **changes: Any) -> MessageRow:
    values: dict[str, Any] = {
        "id": new_id(),
        "user_id": await given.a_user(sessions),
        "channel": Channel.SMS,
        "kind": NoticeKind.TICKET_PAID,
        "facts": {},
        "status": MessageStatus.SENT,
        "attempts": 1,
        "provider": "twilio",
        "provider_id": uuid4().hex,
        "created_at": AT,
    }
    row = MessageRow(**values | changes)
    async with sessions.begin() as session:
        session.add(row)
    return row


def report(row: MessageRow, delivery: Delivery, seconds: int = 0) -> Report:
    error = "twilio: it was lost" if delivery is Delivery.UNDELIVERED else None
    at = AT + timedelta(seconds=seconds)
    return Report(row.provider or "", row.provider_id or "", delivery, at, error)


async def applied(sessions: Sessions, *reports: Report) -> int:
    async with sessions.begin() as session:
        return await deliveries.apply(session, reports)


async def state(sessions: Sessions, message_id: UUID) -> tuple[Any, ...]:
    async with sessions() as session:
        row = await session.get_one(MessageRow, message_id)
    return row.delivery, row.delivered_at, row.status, row.last_error


async def test_every_order_of_the_same_reports_ends_alike(sessions: Sessions) -> None:
    ends = set()
    for order in itertools.permutations(enumerate(Delivery)):
        row = await a_message(sessions)
        for seconds, delivery in order:
            await applied(sessions, report(row, delivery, seconds))
        ends.add(await state(sessions, row.id))

    assert ends == {(Delivery.READ, AT + timedelta(seconds=3), MessageStatus.SENT, None)}


async def test_one_that_was_lost_has_failed_until_it_turns_out_to_have_arrived(
    sessions: Sessions,
) -> None:
    row = await a_message(sessions)

    lost = await applied(sessions, report(row, Delivery.UNDELIVERED, 1))
    was_lost = await state(sessions, row.id)
    late = await applied(sessions, report(row, Delivery.ACCEPTED, 2))
    arrived = await applied(sessions, report(row, Delivery.DELIVERED))
    lost_again = await applied(sessions, report(row, Delivery.UNDELIVERED, 3))

    assert (lost, late, arrived, lost_again) == (1, 0, 1, 0)
    assert was_lost[2:] == (MessageStatus.FAILED, "twilio: it was lost")
    assert await state(sessions, row.id) == (Delivery.DELIVERED, AT, MessageStatus.SENT, None)


async def test_of_the_same_report_the_earlier_time_stays(sessions: Sessions) -> None:
    row = await a_message(sessions)

    moved = [await applied(sessions, report(row, Delivery.READ, second)) for second in (5, 9, 5, 2)]

    assert moved == [1, 0, 0, 1]
    assert (await state(sessions, row.id))[1] == AT + timedelta(seconds=2)


async def test_only_the_message_of_that_provider_is_meant(sessions: Sessions) -> None:
    mine = await a_message(sessions)
    namesake = await a_message(sessions, provider="kavenegar", provider_id=mine.provider_id)
    nobodys = Report("twilio", uuid4().hex, Delivery.READ, AT)

    assert await applied(sessions, report(mine, Delivery.DELIVERED), nobodys) == 1

    assert (await state(sessions, namesake.id))[0] is None


async def test_one_that_is_to_be_sent_again_is_not_the_one_that_is_spoken_of(
    sessions: Sessions,
) -> None:
    row = await a_message(sessions, status=MessageStatus.QUEUED)

    assert await applied(sessions, report(row, Delivery.UNDELIVERED)) == 0

    assert (await state(sessions, row.id))[2] is MessageStatus.QUEUED


async def test_a_batch_is_one_statement(sessions: Sessions, engine: AsyncEngine) -> None:
    rows = [await a_message(sessions) for _ in range(20)]
    reports = [report(row, delivery) for row in rows for delivery in Delivery]
    statements: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        moved = await applied(sessions, *reports)
        nothing = await applied(sessions)
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)

    assert (moved, nothing) == (20, 0)
    assert len(statements) == 1
    assert {(await state(sessions, row.id))[0] for row in rows} == {Delivery.READ}


async def test_calls_about_the_same_messages_do_not_wait_for_each_other_in_a_circle(
    sessions: Sessions,
) -> None:
    rows = [await a_message(sessions) for _ in range(40)]

    def shuffled(seed: int) -> list[Report]:
        chance = random.Random(seed)
        reports = [report(row, chance.choice(list(Delivery)), chance.randrange(9)) for row in rows]
        chance.shuffle(reports)
        return reports

    async def applied_as_in_a_large_table(batch: list[Report]) -> None:
        async with sessions.begin() as session:
            # With millions of messages it is by the index that each is found, in the batch's order.
            for way in ("hashjoin", "mergejoin", "seqscan", "bitmapscan"):
                await session.execute(text(f"SET LOCAL enable_{way} = off"))
            await deliveries.apply(session, batch)

    batches = [shuffled(seed) for seed in range(30)]
    await asyncio.gather(*map(applied_as_in_a_large_table, batches))

    for row in rows:
        alone = await a_message(sessions)
        told = [one for batch in batches for one in batch if one.provider_id == row.provider_id]
        for one in told:
            await applied(sessions, report(alone, one.delivery, (one.at - AT).seconds))
        assert await state(sessions, row.id) == await state(sessions, alone.id)
