"""SendGrid, Twilio and WhatsApp: the real clients against the running simulator, over HTTP."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from gateways.errors import Declined, GatewayError, OutcomeUnknown, ResultClass, Unavailable
from gateways.message import MessageGateway, Outgoing
from gateways.sendgrid import SendGrid
from gateways.twilio import Account, Twilio, TwilioWhatsApp
from gateways.whatsapp_cloud import WhatsAppCloud
from tests.outbox import Outbox
from tests.sandbox.simulated import Running

REPORTS = "http://127.0.0.1:8000/api/v1/webhooks/twilio/"
ACCOUNT = Account(f"AC{1:032}", "token", REPORTS)
SENDER = "+15005550006"
# A client of each, by the name of its operation at /control/.
OPERATIONS = {
    "sendgrid": "sendgrid",
    "twilio": "twilio",
    "twilio_whatsapp": "twilio",
    "whatsapp_cloud": "whatsapp",
}
Clients = dict[str, MessageGateway]


@pytest.fixture
def clients(http: httpx.AsyncClient, running: Running) -> Clients:
    return clients_at(http, running.url)


def clients_at(http: httpx.AsyncClient, url: str) -> Clients:
    template = {"fa": f"HX{1:032}"}
    return {
        "sendgrid": SendGrid(http, url, "SG.any.key", "Assets <assets@example.com>"),
        "twilio": Twilio(http, url, ACCOUNT, SENDER),
        "twilio_whatsapp": TwilioWhatsApp(http, url, ACCOUNT, SENDER, template),
        "whatsapp_cloud": WhatsAppCloud(http, url, "any token", "1", "message", "v24.0"),
    }


def message(name: str = "twilio", **changes: Any) -> Outgoing:
    to = f"+98912{uuid4().int % 10**7:07}"
    values = {"to": to, "text": "سلام\nلیلا", "language": "fa"}
    if name == "sendgrid":
        values |= {"to": f"{uuid4().hex}@example.test", "subject": "درود", "html": "<p>سلام"}
    return Outgoing(uuid4(), 1, **values | changes)


async def script(http: httpx.AsyncClient, name: str, **fault: Any) -> None:
    wish = {"operation": OPERATIONS[name]} | fault
    (await http.post("/control/", json=wish)).raise_for_status()


@pytest.mark.parametrize(
    ("name", "channel", "provider"),
    [
        ("sendgrid", "email", "sendgrid"),
        ("twilio", "sms", "twilio"),
        ("twilio_whatsapp", "whatsapp", "twilio"),
        ("whatsapp_cloud", "whatsapp", "whatsapp_cloud"),
    ],
)
async def test_what_is_taken_is_in_the_outbox_with_all_that_its_reports_will_name(
    clients: Clients, http: httpx.AsyncClient, name: str, channel: str, provider: str
) -> None:
    sent = message(name)

    provider_id = await clients[name].send(sent)

    (found,) = await Outbox(http).to(sent.to)
    assert found.pop("at")
    by_twilio = provider == "twilio"
    assert found == {
        "channel": channel,
        "to": sent.to,
        "subject": sent.subject,
        "text": sent.line if channel == "whatsapp" else sent.text,
        "html": sent.html,
        "provider": clients[name].name,
        "provider_id": provider_id,
        "local_id": None if by_twilio else str(sent.message_id),
        "callback_url": f"{REPORTS}?message={sent.message_id}" if by_twilio else None,
    }
    assert provider == clients[name].name
    assert await clients[name].send(sent) != provider_id


@pytest.mark.parametrize("name", sorted(OPERATIONS))
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"behaviour": "html", "status": 429}, Unavailable),
        ({"behaviour": "code", "code": 500, "status": 500}, GatewayError),
        ({"behaviour": "outage"}, OutcomeUnknown),
        ({"behaviour": "html"}, OutcomeUnknown),
        ({"behaviour": "html", "status": 502}, OutcomeUnknown),
        ({"behaviour": "odd_shape", "shape": "both_empty"}, OutcomeUnknown),
        ({"behaviour": "timeout_after", "seconds": 0.1}, OutcomeUnknown),
    ],
)
async def test_each_can_go_wrong_in_every_way_and_then_goes_well(
    clients: Clients,
    http: httpx.AsyncClient,
    name: str,
    fault: dict[str, Any],
    error: type[Exception],
) -> None:
    sent = message(name)
    await script(http, name, **fault)

    with pytest.raises(error):
        await clients[name].send(sent)
    was_taken = fault["behaviour"] in {"html", "odd_shape", "timeout_after"}
    assert len(await Outbox(http).to(sent.to)) == was_taken

    await clients[name].send(sent)
    assert len(await Outbox(http).to(sent.to)) == 1 + was_taken


@pytest.mark.parametrize(
    ("name", "code", "status", "result_class"),
    [
        ("sendgrid", 401, 401, ResultClass.CONFIGURATION),
        ("sendgrid", 413, 413, ResultClass.INPUT),
        ("twilio", 20003, 401, ResultClass.CONFIGURATION),
        ("twilio", 20429, 429, ResultClass.RETRY),
        ("twilio", 21610, 400, ResultClass.FINAL),
        ("twilio", 21617, 400, ResultClass.INPUT),
        ("twilio_whatsapp", 63016, 400, ResultClass.CONFIGURATION),
        ("whatsapp_cloud", 190, 401, ResultClass.CONFIGURATION),
        ("whatsapp_cloud", 130429, 429, ResultClass.RETRY),
        ("whatsapp_cloud", 131000, 500, ResultClass.RETRY),
        ("whatsapp_cloud", 131026, 400, ResultClass.FINAL),
        ("whatsapp_cloud", 100, 400, ResultClass.INPUT),
        ("whatsapp_cloud", 777777, 400, ResultClass.AMBIGUOUS),
    ],
)
async def test_a_scripted_refusal_is_worded_as_the_provider_words_it(
    clients: Clients,
    http: httpx.AsyncClient,
    name: str,
    code: int,
    status: int,
    result_class: ResultClass,
) -> None:
    sent = message(name)
    await script(http, name, behaviour="code", code=code, status=status)

    with pytest.raises(Declined) as declined:
        await clients[name].send(sent)

    assert (declined.value.code, declined.value.result_class) == (code, result_class)
    assert await Outbox(http).to(sent.to) == []


@pytest.mark.parametrize(
    ("name", "changes", "code"),
    [
        ("sendgrid", {"to": "nobody"}, 400),
        ("sendgrid", {"subject": ""}, 400),
        ("sendgrid", {"text": "", "html": ""}, 400),
        ("twilio", {"to": "09121234567"}, 21211),
        ("twilio", {"text": ""}, 21602),
        ("twilio", {"text": "x" * 1601}, 21617),
        ("twilio_whatsapp", {"text": " "}, 21656),
        ("whatsapp_cloud", {"to": "0912"}, 100),
        ("whatsapp_cloud", {"text": " "}, 100),
        ("whatsapp_cloud", {"text": "x" * 1025}, 100),
        ("whatsapp_cloud", {"language": "Persian"}, 100),
    ],
)
async def test_the_simulator_checks_what_the_providers_check(
    clients: Clients, name: str, changes: dict[str, Any], code: int
) -> None:
    with pytest.raises(Declined) as declined:
        await clients[name].send(message(name, **changes))

    assert declined.value.code == code


async def test_accounts_that_are_wrong_are_refused(
    http: httpx.AsyncClient, running: Running
) -> None:
    wrong = {
        21705: Twilio(http, running.url, ACCOUNT, "MG1"),
        20003: Twilio(http, running.url, Account("AC1", ""), SENDER),
        21609: Twilio(http, running.url, Account("AC1", "token", "nowhere"), SENDER),
        21655: TwilioWhatsApp(http, running.url, ACCOUNT, SENDER, {"fa": "HX1"}),
        401: SendGrid(http, running.url, "no key", "assets@example.com"),
        100: WhatsAppCloud(http, running.url, "token", SENDER, "message", "v24.0"),
    }

    for code, gateway in wrong.items():
        with pytest.raises(Declined) as declined:
            await gateway.send(message(gateway.name))
        assert declined.value.code == code


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v3/mail/send", 401, None),
        ("/2010-04-01/Accounts/AC1/Messages.json", 401, 20003),
        ("/v24.0/1/messages", 401, 190),
    ],
)
async def test_nobody_sends_without_a_name(
    http: httpx.AsyncClient, path: str, status: int, code: int | None
) -> None:
    answer = await http.post(path, json={})

    said = answer.json()
    assert answer.status_code == status
    assert said.get("code", said.get("error", {}).get("code")) == code


async def test_a_form_where_json_belongs_is_refused_and_the_reverse(
    http: httpx.AsyncClient,
) -> None:
    form = await http.post(
        "/v3/mail/send", data={"a": "b"}, headers={"Authorization": "Bearer SG.key"}
    )
    assert form.status_code == 415

    sent = {"To": SENDER, "From": SENDER, "Body": "Hello"}
    path = "/2010-04-01/Accounts/AC1/Messages.json"
    json = await http.post(path, json=sent, auth=("AC1", "token"))
    assert json.json()["code"] == 21604
    assert (await http.post(path, data=sent, auth=("AC1", "token"))).status_code == 201


async def test_a_broken_line_in_a_template_is_refused(http: httpx.AsyncClient) -> None:
    text = {"type": "text", "text": "two\nlines"}
    body = {
        "messaging_product": "whatsapp",
        "to": SENDER,
        "type": "template",
        "template": {
            "name": "message",
            "language": {"code": "fa"},
            "components": [{"type": "body", "parameters": [text]}],
        },
    }
    token = {"Authorization": "Bearer token"}

    refused = await http.post("/v24.0/1/messages", json=body, headers=token)
    assert refused.json()["error"]["code"] == 100

    text["text"] = "one line"
    taken = await http.post("/v24.0/1/messages", json=body, headers=token)
    assert taken.json()["messages"][0]["id"].startswith("wamid.")


async def test_an_outage_of_one_is_none_of_the_others(
    clients: Clients, http: httpx.AsyncClient
) -> None:
    await script(http, "sendgrid", behaviour="outage", times=None)

    await clients["twilio"].send(message())
    await clients["whatsapp_cloud"].send(message())

    with pytest.raises(OutcomeUnknown):
        await clients["sendgrid"].send(message("sendgrid"))
    calls = (await http.get("/control/")).json()["calls"]
    assert calls == {"twilio": 1, "whatsapp": 1, "sendgrid": 1}


async def test_who_hung_up_is_not_there(running: Running) -> None:
    nowhere = "http://127.0.0.1:1"
    async with httpx.AsyncClient(trust_env=False) as http:
        for name, gateway in clients_at(http, nowhere).items():
            with pytest.raises(Unavailable):
                await gateway.send(message(name))
