"""SendGrid signs the time and the body with a key whose public half we have."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.datastructures import Headers

from api.webhooks.call import Call
from api.webhooks.sendgrid import SendGrid
from domain.messages.notice import Delivery
from tests.api.people import problem
from tests.api.webhooks.callers import OTHER_KEY, Asked, sendgrid
from tests.api.webhooks.conftest import Send, Sent, Taken

AT = 1_795_000_000
SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"


@pytest.fixture
async def sent(taken_by: Taken) -> Sent:
    return await taken_by("sendgrid")


def event(sent: Sent, kind: str, **more: Any) -> dict[str, Any]:
    way = f"{sent.name}.recvd-5c4b9d-1.0"
    return {"event": kind, "sg_message_id": way, "timestamp": AT, "email": "a@b.test", **more}


@pytest.mark.parametrize(
    ("kind", "more", "told"),
    [
        ("processed", {}, ("accepted", "sent", None)),
        ("deferred", {"response": "450 try again"}, ("accepted", "sent", None)),
        ("delivered", {}, ("delivered", "sent", None)),
        ("spamreport", {}, ("delivered", "sent", None)),
        ("open", {}, ("read", "sent", None)),
        ("click", {}, ("read", "sent", None)),
        (
            "bounce",
            {"type": "blocked", "reason": "550 a@b.test"},
            ("undelivered", "failed", "sendgrid: the receiving server blocked it"),
        ),
        ("bounce", {"type": "new"}, ("undelivered", "failed", "sendgrid: it bounced")),
        (
            "dropped",
            {"reason": "Bounced Address"},
            (
                "undelivered",
                "failed",
                "sendgrid: it was not sent: the address bounced before, or is suppressed",
            ),
        ),
        ("group_unsubscribe", {}, (None, "sent", None)),
        ("something_new", {}, (None, "sent", None)),
    ],
)
async def test_an_event_moves_its_message(
    post: Send, sent: Sent, kind: str, more: dict[str, Any], told: tuple[Any, ...]
) -> None:
    answer = await post(sendgrid([event(sent, kind, **more)]))

    assert answer.status_code == 200
    assert await sent.told() == told


async def test_many_events_come_at_once(post: Send, taken_by: Taken) -> None:
    one, other = await taken_by("sendgrid"), await taken_by("sendgrid")
    nobodys = {"event": "delivered", "sg_message_id": "nobodys.0", "timestamp": AT}
    nameless = {"event": "delivered", "timestamp": AT}
    events = [
        event(one, "delivered"), event(other, "bounce", type="bounce"), nobodys, nameless,
        event(one, "processed"), event(one, "open", timestamp=AT + 60),
    ]  # fmt: skip

    assert (await post(sendgrid(events))).status_code == 200

    assert (await one.told())[0] == "read"
    assert (await other.told())[0] == "undelivered"
    assert (await one.row()).delivered_at == datetime.fromtimestamp(AT + 60, UTC)


async def test_a_batch_as_large_as_they_come_is_taken(post: Send, sent: Sent) -> None:
    filler = {"event": "processed", "sg_message_id": "nobodys.0", "reason": "x" * 700}
    asked = sendgrid([*([filler] * 1000), event(sent, "delivered")])
    assert len(asked["content"]) > 750_000

    assert (await post(asked)).status_code == 200
    assert (await sent.told())[0] == "delivered"


def changed_body(asked: Asked) -> None:
    asked["content"] = asked["content"].replace(b"delivered", b"bounce")


def a_space_more(asked: Asked) -> None:
    asked["content"] += b" "


def another_time(asked: Asked) -> None:
    asked["headers"][TIMESTAMP] = str(int(asked["headers"][TIMESTAMP]) + 1)


def no_time(asked: Asked) -> None:
    del asked["headers"][TIMESTAMP]


def no_signature(asked: Asked) -> None:
    del asked["headers"][SIGNATURE]


def nonsense(asked: Asked) -> None:
    asked["headers"][SIGNATURE] = "not base64!"


def no_signature_at_all(asked: Asked) -> None:
    asked["headers"][SIGNATURE] = "AAAA"


@pytest.mark.parametrize(
    "forge",
    [
        changed_body, a_space_more, another_time, no_time, no_signature, nonsense,
        no_signature_at_all,
    ],
)  # fmt: skip
async def test_a_forged_call_moves_nothing(post: Send, sent: Sent, forge: Any) -> None:
    asked = sendgrid([event(sent, "delivered")])
    forge(asked)

    problem(await post(asked), 401, "not_authenticated")

    assert await sent.told() == (None, "sent", None)


async def test_another_key_moves_nothing(post: Send, sent: Sent) -> None:
    asked = sendgrid([event(sent, "delivered")], key=OTHER_KEY)

    problem(await post(asked), 401, "not_authenticated")

    assert await sent.told() == (None, "sent", None)


@pytest.mark.parametrize("hours", [-24.1, -1000, 0.1, 1e6])
async def test_a_call_of_another_day_moves_nothing(post: Send, sent: Sent, hours: float) -> None:
    asked = sendgrid([event(sent, "delivered")], at=time.time() + hours * 3600)

    problem(await post(asked), 401, "not_authenticated")

    assert await sent.told() == (None, "sent", None)


@pytest.mark.parametrize("hours", [-23.9, 0.05])
async def test_one_that_was_repeated_until_we_were_back_is_taken(
    post: Send, sent: Sent, hours: float
) -> None:
    asked = sendgrid([event(sent, "delivered")], at=time.time() + hours * 3600)

    assert (await post(asked)).status_code == 200
    assert (await sent.told())[0] == "delivered"


@pytest.mark.parametrize("events", [{}, "no", [7], [{"sg_message_id": "x"}], [[]]])
async def test_what_nobody_can_read_is_refused(post: Send, events: Any) -> None:
    problem(await post(sendgrid(events)), 400, "malformed_report")


def test_a_call_that_sendgrid_made_is_known() -> None:
    """The key, the signature and the body that its own libraries are tested with."""
    key = (
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe6"
        "2gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
    )
    signature = (
        "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15Tl"
        "uLtEZtM="
    )
    body = (
        b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",'
        b'"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",'
        b'"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C'
        b'-9.0","smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>",'
        b'"timestamp":1600112492}]\r\n'
    )
    headers = Headers({SIGNATURE: signature, TIMESTAMP: "1600112502"})
    call = Call(headers, "", body, datetime.fromtimestamp(1600112503, UTC))

    (report,) = SendGrid.of(key).reports(call)

    assert report.provider_id == "LRzXl_NHStOGhQ4kofSm_A"
    assert report.delivery is Delivery.UNDELIVERED
