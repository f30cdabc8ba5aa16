"""Postmark proves itself with the name and the password in the URL that it calls."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.people import problem
from tests.api.webhooks.callers import USER, postmark
from tests.api.webhooks.conftest import Send, Sent, Taken

AT = "2026-11-22T09:30:00.9070259-01:00"  # seven places, as it writes them


@pytest.fixture
async def sent(taken_by: Taken) -> Sent:
    return await taken_by("postmark")


def event(sent: Sent, kind: str, **more: Any) -> dict[str, Any]:
    return {"RecordType": kind, "MessageID": sent.name, "ServerID": 23, "Metadata": {}, **more}


@pytest.mark.parametrize(
    ("kind", "more", "told"),
    [
        ("Delivery", {"DeliveredAt": AT}, ("delivered", "sent", None)),
        ("Open", {"ReceivedAt": AT}, ("read", "sent", None)),
        ("Click", {"ReceivedAt": AT}, ("read", "sent", None)),
        ("SpamComplaint", {"BouncedAt": AT, "Type": "SpamComplaint"}, ("delivered", "sent", None)),
        (
            "Bounce",
            {"BouncedAt": AT, "Type": "HardBounce", "Description": "No a@example.com here"},
            ("undelivered", "failed", "postmark: the address does not exist"),
        ),
        (
            "Bounce",
            {"BouncedAt": AT, "Type": "OfAKindFromTomorrow"},
            ("undelivered", "failed", "postmark: it bounced"),
        ),
        ("Bounce", {"BouncedAt": AT, "Type": "Transient"}, (None, "sent", None)),
        ("Bounce", {"BouncedAt": AT, "Type": "AutoResponder"}, (None, "sent", None)),
        ("SubscriptionChange", {"ChangedAt": AT}, (None, "sent", None)),
        ("SomethingNew", {}, (None, "sent", None)),
    ],
)
async def test_an_event_moves_its_message(
    post: Send, sent: Sent, kind: str, more: dict[str, Any], told: tuple[Any, ...]
) -> None:
    answer = await post(postmark(event(sent, kind, **more)))

    assert (answer.status_code, answer.content) == (200, b"")
    assert await sent.told() == told


async def test_the_time_is_the_events(post: Send, sent: Sent) -> None:
    await post(postmark(event(sent, "Delivery", DeliveredAt=AT)))

    row = await sent.row()
    assert row.delivered_at == datetime(2026, 11, 22, 10, 30, 0, 907025, UTC)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Basic cG9zdG1hcms=",
        "Basic é",
        "Bearer cG9zdG1hcms6dGhlLXBhc3N3b3JkLWluLXRoZS11cmw=",  # the right words, another scheme
    ],
)
async def test_who_does_not_know_the_password_moves_nothing(
    post: Send, sent: Sent, header: str | None
) -> None:
    asked = postmark(event(sent, "Delivery", DeliveredAt=AT))
    del asked["headers"]["Authorization"]
    if header is not None:
        asked["headers"]["Authorization"] = header.encode()

    problem(await post(asked), 401, "not_authenticated")

    assert await sent.told() == (None, "sent", None)


@pytest.mark.parametrize(("user", "password"), [(USER, "another"), ("another", None), (USER, "")])
async def test_other_credentials_move_nothing(
    post: Send, sent: Sent, user: str, password: str | None
) -> None:
    given = {} if password is None else {"password": password}

    problem(await post(postmark(event(sent, "Delivery"), user, **given)), 401, "not_authenticated")

    assert await sent.told() == (None, "sent", None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b"{}",
        b'{"RecordType": 7}',
        b'{"RecordType": "Delivery", "MessageID": "a\\u0000b"}',
        b'{"RecordType": "Delivery", "MessageID": "x", "DeliveredAt": "yesterday"}',
        b"[" * 100_000,
    ],
)
async def test_what_nobody_can_read_is_refused(post: Send, body: bytes) -> None:
    problem(await post({**postmark({}), "content": body}), 400, "malformed_report")
