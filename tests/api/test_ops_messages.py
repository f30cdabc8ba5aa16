"""The log of messages as operators read it, and a message that is sent again, once."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from domain.audit import AuditAction
from domain.messages.notice import Channel, Delivery, MessageStatus, NoticeKind
from models.database import Sessions
from models.message import MessageRow
from tests import given
from tests.api.people import Person, problem
from tests.api.told import audited
from tests.outbox import Outbox

FAILED = {"status": MessageStatus.FAILED, "last_error": "the address bounced", "attempts": 3}
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


async def stored(sessions: Sessions, person: Person, **changes: Any) -> str:
    return str(await given.a_message(sessions, UUID(person.id), **changes))


async def listed(operator: Person, **wanted: Any) -> list[str]:
    return [one["id"] for one in (await operator.get("/ops/messages/", **wanted))["items"]]


async def test_operators_read_what_became_of_each_message(
    sessions: Sessions, sara: Person, operator: Person
) -> None:
    await sara.patch("/auth/me/", {"locale": "en"})
    ticket_id = uuid4()
    reported = {"delivery": Delivery.DELIVERED, "delivered_at": NOW, "sent_at": NOW}
    message_id = await stored(
        sessions,
        sara,
        channel=Channel.SMS,
        ticket_id=ticket_id,
        attempts=2,
        tried_at=NOW,
        provider="kavenegar",
        provider_id="8792343001",
        **reported,
    )

    [found] = (await operator.get("/ops/messages/", user_id=sara.id, channel="sms"))["items"]

    assert found == {
        "id": message_id,
        "channel": "sms",
        "kind": "transfer_received",
        "message": found["message"],
        "status": "sent",
        "ticket_id": str(ticket_id),
        "read_at": None,
        "created_at": found["created_at"],
        "user_id": sara.id,
        "attempts": 2,
        "provider": "kavenegar",
        "provider_id": "8792343001",
        "last_error": None,
        "delivery": "delivered",
        "delivered_at": "2026-11-22T09:30:00Z",
        "tried_at": "2026-11-22T09:30:00Z",
        "held_until": None,
        "sent_at": "2026-11-22T09:30:00Z",
        "resent_at": None,
    }
    assert "1,000" in found["message"]


async def test_the_log_is_filtered_and_has_pages(
    sessions: Sessions, sara: Person, omid: Person, operator: Person
) -> None:
    ticket_id = uuid4()
    bounced = await stored(sessions, sara, **FAILED)
    about = await stored(sessions, sara, ticket_id=ticket_id, kind=NoticeKind.TICKET_PAID)
    other = await stored(sessions, omid, channel=Channel.SMS, status=MessageStatus.QUEUED)

    mine = [one for one in await listed(operator, limit=100) if one in {other, about, bounced}]
    assert mine == [other, about, bounced]
    assert await listed(operator, user_id=sara.id, status="failed") == [bounced]
    assert await listed(operator, ticket_id=str(ticket_id)) == [about]
    assert await listed(operator, kind="ticket_paid", user_id=sara.id) == [about]
    assert other in await listed(operator, status="queued", channel="sms")
    first = await operator.get("/ops/messages/", limit=1, user_id=sara.id)
    assert [one["id"] for one in first["items"]] == [about]
    cursor = first["next"]
    assert await listed(operator, limit=1, user_id=sara.id, cursor=cursor) == [bounced]
    for wrong in ({"status": "lost"}, {"channel": "pigeon"}, {"user_id": "me"}, {"cursor": "no"}):
        problem(await operator.call("GET", "/ops/messages/", **wrong), 422, "validation_error")


async def test_a_reset_for_an_address_of_nobody_shows_no_address(
    sessions: Sessions, operator: Person
) -> None:
    nobody = f"{uuid4().hex}@example.test"
    waits = {"status": MessageStatus.QUEUED, "kind": NoticeKind.PASSWORD_RESET, "facts": {}}
    await given.a_message(sessions, None, address=nobody, **waits)

    answer = await operator.call("GET", "/ops/messages/", kind="password_reset", limit=1)

    [found] = answer.json()["items"]
    assert (found["user_id"], found["message"]) == (None, "Choose a new password")
    assert nobody not in answer.text


@pytest.fixture
async def outbox(gateway: httpx.AsyncClient) -> Outbox:
    return Outbox(gateway)


@pytest.mark.usefixtures("worker")
async def test_what_failed_is_sent_again_once_and_the_audit_log_tells(
    sessions: Sessions, sara: Person, operator: Person, outbox: Outbox
) -> None:
    # It is three months old, so by its age alone it would not be worth sending any more.
    old = {"created_at": datetime(2026, 8, 22, tzinfo=UTC)}
    message_id = await stored(sessions, sara, **FAILED, **old, provider="postmark")
    path = f"/ops/messages/{message_id}/resend/"

    answers = await asyncio.gather(
        *(operator.call("POST", path, {}, key="send-it-again") for _ in range(8))
    )
    later = await operator.call("POST", path)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["resent_at"] for answer in answers}) == 1
    assert all(answer.json()["resent_at"] for answer in answers)

    async def is_sent() -> bool:
        return await listed(operator, user_id=sara.id, status="sent", kind=KIND) == [message_id]

    await given.eventually(is_sent)
    assert len([one for one in await outbox.to(sara.email) if is_news(one)]) == 1
    problem(later, 409, "illegal_transition")
    [line] = await audited(sessions, f"message:{message_id}")
    assert (line.action, str(line.actor_id)) == (AuditAction.MESSAGE_RESENT, operator.id)
    async with sessions() as session:
        row = await session.get_one(MessageRow, UUID(message_id))
    assert (row.attempts, row.last_error) == (4, None)


KIND = NoticeKind.TRANSFER_RECEIVED.value


def is_news(letter: dict[str, Any]) -> bool:
    return "دریافت" in letter["subject"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": MessageStatus.SENT}, "Cannot resend a message that is sent."),
        ({"status": MessageStatus.QUEUED}, "Cannot resend a message that is queued."),
        (FAILED | {"resent_at": NOW}, "failed after it was sent again"),
        (FAILED | {"kind": NoticeKind.PHONE_CODE}, "asks for another one"),
    ],
)
async def test_all_else_is_not_sent_again(
    sessions: Sessions, sara: Person, operator: Person, changes: Any, words: str
) -> None:
    message_id = await stored(sessions, sara, **changes)

    refused = await operator.call("POST", f"/ops/messages/{message_id}/resend/")

    body = problem(refused, 409, "illegal_transition")
    assert words in body["detail"]
    assert body["facts"] == {"status": changes["status"]}
    assert await audited(sessions, f"message:{message_id}") == []


async def test_a_message_of_nobody_and_one_that_is_not_there_are_not_sent_again(
    sessions: Sessions, operator: Person
) -> None:
    nobodys = await given.a_message(sessions, None, **FAILED)

    refused = await operator.call("POST", f"/ops/messages/{nobodys}/resend/")
    assert "no reader" in problem(refused, 409, "illegal_transition")["detail"]
    missing = await operator.call("POST", f"/ops/messages/{uuid4()}/resend/")
    problem(missing, 404, "not_found")
