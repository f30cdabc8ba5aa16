"""What all webhooks have in common: who may call, and that order and number do not matter."""

import itertools
from typing import Any

import httpx
import pytest

from api.webhooks.call import Messenger
from api.webhooks.registry import Webhooks
from domain.limits import Rate
from domain.messages.notice import MessageStatus
from gateways.kavenegar import Kavenegar
from gateways.postmark import Postmark
from gateways.sendgrid import SendGrid
from gateways.twilio import Account, Twilio
from gateways.whatsapp_cloud import WhatsAppCloud
from settings import Settings
from tests.api.conftest import serving
from tests.api.people import problem
from tests.api.webhooks.callers import (
    PATH,
    SETTINGS,
    Asked,
    kavenegar,
    postmark,
    sendgrid,
    statuses,
    twilio,
    whatsapp,
)
from tests.api.webhooks.conftest import Send, Taken

AT = 1_795_000_000


def by_postmark(name: str, step: int) -> Asked:
    kinds = ("Delivery", "Bounce", "Open")
    at = {"BouncedAt": AT + step, "Type": "HardBounce" if kinds[step] == "Bounce" else ""}
    return postmark({"RecordType": kinds[step], "MessageID": name, **at})


def by_sendgrid(name: str, step: int) -> Asked:
    kinds = ("delivered", "bounce", "open")
    return sendgrid([{"event": kinds[step], "sg_message_id": f"{name}.1", "timestamp": AT + step}])


def by_twilio(name: str, step: int) -> Asked:
    kinds = ("delivered", "undelivered", "read")
    return twilio({"MessageSid": name, "MessageStatus": kinds[step]})


def by_whatsapp(name: str, step: int) -> Asked:
    kinds = ("delivered", "failed", "read")
    return whatsapp(statuses({"id": name, "status": kinds[step], "timestamp": str(AT + step)}))


CALLS = {
    "postmark": by_postmark,
    "sendgrid": by_sendgrid,
    "twilio": by_twilio,
    "whatsapp_cloud": by_whatsapp,
}


@pytest.mark.parametrize("provider", sorted(CALLS))
async def test_whatever_the_order_the_end_is_the_same(
    post: Send, taken_by: Taken, provider: str
) -> None:
    for order in itertools.permutations(range(3)):
        sent = await taken_by(provider)

        for step in order:
            assert (await post(CALLS[provider](sent.name, step))).status_code == 200

        assert await sent.told() == ("read", "sent", None), order


@pytest.mark.parametrize("provider", sorted(CALLS))
async def test_a_call_that_comes_again_changes_nothing(
    post: Send, taken_by: Taken, provider: str
) -> None:
    sent = await taken_by(provider)
    asked = CALLS[provider](sent.name, 1)
    await post(asked)
    before = await sent.everything()

    again = [await post(asked) for _ in range(3)]

    assert [answer.status_code for answer in again] == [200] * 3
    assert await sent.everything() == before
    assert before["status"] is MessageStatus.FAILED


@pytest.mark.parametrize("provider", sorted(CALLS))
async def test_a_message_that_nobody_knows_is_passed_by(
    post: Send, taken_by: Taken, provider: str
) -> None:
    of_another = "postmark" if provider == "twilio" else "twilio"
    other = await taken_by(of_another)

    assert (await post(CALLS[provider](other.name, 0))).status_code == 200

    assert await other.told() == (None, "sent", None)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("provider", [*Messenger, "mailgun", "..", "%00"])
async def test_a_provider_that_is_not_set_up_is_as_unknown_as_any(
    bare: httpx.AsyncClient, provider: str, method: str
) -> None:
    answer = await bare.request(method, f"{PATH}/{provider}/")

    body = problem(answer, 404, "not_found")
    if provider not in {"..", "%00"}:
        assert body["detail"] == "There is nothing of this name."


async def test_other_methods_are_refused(api: httpx.AsyncClient) -> None:
    answer = await api.put(f"{PATH}/whatsapp/")

    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, POST"


async def test_neither_an_origin_nor_a_login_is_asked_for(post: Send, taken_by: Taken) -> None:
    sent = await taken_by("twilio")
    asked = CALLS["twilio"](sent.name, 0)
    asked["headers"] |= {"User-Agent": "TwilioProxy/1.1", "Cookie": "at=none"}

    assert (await post(asked)).status_code == 200
    assert (await sent.told())[0] == "delivered"


async def test_more_than_any_provider_sends_is_not_read(post: Send) -> None:
    asked = whatsapp({"entry": [], "filler": "x" * (3 * 1024 * 1024)})

    problem(await post(asked), 413, "payload_too_large")


async def test_elsewhere_bodies_are_as_small_as_before(api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/v1/auth/login/", content=b"x" * (257 * 1024))

    problem(answer, 413, "payload_too_large")


async def test_who_guesses_is_stopped(settings: Settings) -> None:
    few = settings.model_dump() | SETTINGS | {"limit_webhook": Rate.parse("3/hour")}
    async with serving(Settings(_env_file=None, **few)) as http:
        answers = [
            await http.request("GET", **kavenegar({}, secret=f"guess {number}"))
            for number in range(5)
        ]

    assert [answer.status_code for answer in answers] == [401] * 3 + [429] * 2
    assert '"webhook";q=3' in answers[0].headers["ratelimit-policy"]


def test_reports_name_messages_as_they_were_logged() -> None:
    client = httpx.AsyncClient()
    gateways: list[Any] = [
        Postmark(client, "http://x", "token", "a@b.test"),
        SendGrid(client, "http://x", "key", "a@b.test"),
        Kavenegar(client, "http://x", "key"),
        Twilio(client, "http://x", Account("AC0", "token"), "+1"),
    ]

    assert {gateway.name for gateway in gateways} == set(Messenger) - {Messenger.WHATSAPP}
    assert WhatsAppCloud.name.fget(None) == "whatsapp_cloud"  # type: ignore[attr-defined]


def test_no_secret_is_shown(settings: Settings) -> None:
    keys = Settings(_env_file=None, **settings.model_dump() | SETTINGS).webhooks()
    webhooks = Webhooks.of(keys, "https://api.example.com")

    shown = repr(keys) + repr(webhooks) + repr(list(webhooks.by_name.values()))

    assert len(webhooks.by_name) == len(Messenger)
    secrets = ("twilio_auth_token", "whatsapp_app_secret", "whatsapp_verify_token")
    others = ("postmark_webhook_password", "kavenegar_webhook_secret")
    assert not any(SETTINGS[name] in shown for name in (*secrets, *others))
