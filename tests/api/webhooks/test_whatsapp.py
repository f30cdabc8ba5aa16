"""Meta signs the bytes of the body; it asks once whether the address is ours."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.api.people import problem
from tests.api.webhooks.callers import PATH, VERIFY_TOKEN, Asked, statuses, whatsapp
from tests.api.webhooks.conftest import Send, Sent, Taken

AT = 1_795_000_000
SIGNATURE = "X-Hub-Signature-256"
ASKED = {
    "hub.mode": "subscribe",
    "hub.verify_token": VERIFY_TOKEN,
    "hub.challenge": "1158201444",
}


@pytest.fixture
async def sent(taken_by: Taken) -> Sent:
    return await taken_by("whatsapp_cloud")


def status(sent: Sent, name: str, **more: Any) -> dict[str, Any]:
    return {"id": sent.name, "status": name, "timestamp": str(AT), "recipient_id": "1555", **more}


@pytest.mark.parametrize(
    ("name", "more", "told"),
    [
        ("sent", {"pricing": {"billable": True}}, ("accepted", "sent", None)),
        ("delivered", {}, ("delivered", "sent", None)),
        ("read", {}, ("read", "sent", None)),
        (
            "failed",
            {"errors": [{"code": 130497, "title": "to 1555"}]},
            (
                "undelivered",
                "failed",
                "whatsapp: WhatsApp does not deliver to this country (130497)",
            ),
        ),
        (
            "failed",
            {"errors": [{"code": 999}]},
            ("undelivered", "failed", "whatsapp: it could not be delivered (999)"),
        ),
        ("failed", {}, ("undelivered", "failed", "whatsapp: it could not be delivered")),
        ("deleted", {}, (None, "sent", None)),
    ],
)
async def test_a_status_moves_its_message(
    post: Send, sent: Sent, name: str, more: dict[str, Any], told: tuple[Any, ...]
) -> None:
    answer = await post(whatsapp(statuses(status(sent, name, **more))))

    assert answer.status_code == 200
    assert await sent.told() == told


async def test_the_time_is_metas(post: Send, sent: Sent) -> None:
    await post(whatsapp(statuses(status(sent, "read"))))

    assert (await sent.row()).delivered_at == datetime.fromtimestamp(AT, UTC)


@pytest.mark.parametrize(
    "notification",
    [
        {"object": "whatsapp_business_account", "entry": []},
        {"entry": [{"changes": [{"field": "messages", "value": {"messages": [{"id": "x"}]}}]}]},
        {"entry": [{"changes": [{"field": "account_update", "value": {"event": "X"}}]}]},
    ],
)
async def test_what_is_about_something_else_is_taken_and_passed_by(
    post: Send, notification: Any
) -> None:
    assert (await post(whatsapp(notification))).status_code == 200


def changed_body(asked: Asked) -> None:
    asked["content"] = asked["content"].replace(b"delivered", b"failed")


def same_meaning_other_bytes(asked: Asked) -> None:
    asked["content"] = asked["content"].replace(b": ", b":")


def no_signature(asked: Asked) -> None:
    del asked["headers"][SIGNATURE]


def without_its_method(asked: Asked) -> None:
    asked["headers"][SIGNATURE] = asked["headers"][SIGNATURE].removeprefix("sha256=")


def nonsense(asked: Asked) -> None:
    asked["headers"][SIGNATURE] = "sha256=é".encode()


@pytest.mark.parametrize(
    "forge",
    [changed_body, same_meaning_other_bytes, no_signature, without_its_method, nonsense],
)
async def test_a_forged_call_moves_nothing(post: Send, sent: Sent, forge: Any) -> None:
    asked = whatsapp(statuses(status(sent, "delivered")))
    forge(asked)

    problem(await post(asked), 401, "not_authenticated")

    assert await sent.told() == (None, "sent", None)


async def test_another_secret_moves_nothing(post: Send, sent: Sent) -> None:
    asked = whatsapp(statuses(status(sent, "delivered")), secret=VERIFY_TOKEN)

    problem(await post(asked), 401, "not_authenticated")

    assert await sent.told() == (None, "sent", None)


@pytest.mark.parametrize(
    "notification",
    [[], {}, {"entry": 7}, statuses({"status": "read"}), statuses({"id": "", "status": "read"})],
)
async def test_what_nobody_can_read_is_refused(post: Send, notification: Any) -> None:
    problem(await post(whatsapp(notification)), 400, "malformed_report")


async def test_meta_is_told_what_it_asked_to_have_repeated(api: httpx.AsyncClient) -> None:
    answer = await api.get(f"{PATH}/whatsapp/", params=ASKED)

    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("token", [None, "", "another-token", f"{VERIFY_TOKEN} "])
async def test_who_does_not_know_the_token_is_told_nothing(
    api: httpx.AsyncClient, token: str | None
) -> None:
    asked = {name: value for name, value in ASKED.items() if name != "hub.verify_token"}
    asked |= {} if token is None else {"hub.verify_token": token}

    problem(await api.get(f"{PATH}/whatsapp/", params=asked), 401, "not_authenticated")


@pytest.mark.parametrize("change", [{"hub.mode": "unsubscribe"}, {"hub.challenge": ""}])
async def test_half_a_question_is_refused(api: httpx.AsyncClient, change: dict[str, str]) -> None:
    answer = await api.get(f"{PATH}/whatsapp/", params=ASKED | change)

    problem(answer, 400, "malformed_report")
