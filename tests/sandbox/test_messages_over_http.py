"""The real message clients against the running simulator; nothing between them but HTTP."""

import signal
from typing import Any
from uuid import uuid4

import httpx
import pytest

from gateways.errors import Declined, OutcomeUnknown, Unavailable
from gateways.kavenegar import Kavenegar, local_id
from gateways.message import Outgoing
from gateways.postmark import Postmark
from tests.outbox import Outbox
from tests.sandbox.simulated import Running


@pytest.fixture
def postmark(http: httpx.AsyncClient, running: Running) -> Postmark:
    return Postmark(http, running.url, "any token", "assets@example.com")


@pytest.fixture
def kavenegar(http: httpx.AsyncClient, running: Running) -> Kavenegar:
    return Kavenegar(http, running.url, "any-key")


def mail(**changes: Any) -> Outgoing:
    values = {"to": f"{uuid4().hex}@example.test", "text": "سلام", "subject": "Hi", "html": "<p>"}
    return Outgoing(uuid4(), 1, **values | changes)


def sms(**changes: Any) -> Outgoing:
    number = f"+98912{uuid4().int % 10**7:07}"
    return Outgoing(uuid4(), 1, **{"to": number, "text": "کد شما: 123456"} | changes)


async def script(http: httpx.AsyncClient, operation: str, **fault: Any) -> None:
    (await http.post("/control/", json={"operation": operation} | fault)).raise_for_status()


async def test_what_was_sent_is_in_the_outbox_newest_first(
    postmark: Postmark, kavenegar: Kavenegar, http: httpx.AsyncClient
) -> None:
    letter, code = mail(), sms()
    by_postmark = await postmark.send(letter)
    by_kavenegar = await kavenegar.send(code)

    answer = await http.get("/outbox", headers={"Accept": "application/json"})

    newest, before = answer.json()[:2]
    assert newest.pop("at") >= before.pop("at")
    assert newest == {
        "channel": "sms",
        "to": f"0{code.to[3:]}",
        "subject": "",
        "text": code.text,
        "html": "",
        "provider": "kavenegar",
        "provider_id": by_kavenegar,
        "local_id": str(local_id(code.message_id, 1)),
        "callback_url": None,
    }
    assert before == {
        "channel": "email",
        "to": letter.to,
        "subject": "Hi",
        "text": "سلام",
        "html": "<p>",
        "provider": "postmark",
        "provider_id": by_postmark,
        "local_id": str(letter.message_id),
        "callback_url": None,
    }


async def test_people_see_a_page_with_links_to_follow_and_no_markup_of_the_sender(
    postmark: Postmark, http: httpx.AsyncClient
) -> None:
    link = "http://localhost:3000/verify-email?token=abc&x=1"
    await postmark.send(mail(text=f"<script>alert(1)</script>\n{link}", subject="<b>Hi</b>"))

    page = await http.get("/outbox", headers={"Accept": "text/html"})

    assert page.headers["content-type"].startswith("text/html")
    assert f'<a href="{link.replace("&", "&amp;")}">' in page.text
    assert "<script>alert" not in page.text
    assert "<b>Hi</b>" not in page.text


async def test_an_empty_outbox_says_so(tmp_path: Any) -> None:
    empty = Running(tmp_path / "state.sqlite")
    empty.start()
    async with httpx.AsyncClient(base_url=empty.url, trust_env=False) as http:
        assert "Nothing was sent yet" in (await http.get("/outbox")).text
        answer = await http.get("/outbox", headers={"Accept": "application/json"})
        assert answer.json() == []
    empty.end(signal.SIGTERM)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"behaviour": "outage"}, Unavailable),
        ({"behaviour": "code", "code": 0, "status": 429}, Unavailable),
        ({"behaviour": "code", "code": 406, "status": 422}, Declined),
        ({"behaviour": "html"}, OutcomeUnknown),
        ({"behaviour": "html", "status": 502}, OutcomeUnknown),
        ({"behaviour": "timeout_after", "seconds": 0.1}, OutcomeUnknown),
    ],
)
async def test_an_email_can_go_wrong_in_every_way_and_then_goes_well(
    postmark: Postmark, http: httpx.AsyncClient, fault: dict[str, Any], error: type[Exception]
) -> None:
    letter = mail()
    await script(http, "postmark", **fault)

    with pytest.raises(error):
        await postmark.send(letter)
    was_taken = error is OutcomeUnknown
    assert len(await Outbox(http).to(letter.to)) == was_taken

    await postmark.send(letter)
    assert len(await Outbox(http).to(letter.to)) == 1 + was_taken


@pytest.mark.parametrize(
    "fault", [{"behaviour": "html"}, {"behaviour": "timeout_after", "seconds": 0.1}]
)
async def test_an_sms_whose_answer_was_lost_is_known_by_our_name_for_it(
    kavenegar: Kavenegar, http: httpx.AsyncClient, fault: dict[str, Any]
) -> None:
    message = sms()
    await script(http, "kavenegar", **fault)
    with pytest.raises(OutcomeUnknown):
        await kavenegar.send(message)

    assert await kavenegar.find(message.message_id, 1)
    assert await kavenegar.find(message.message_id, 2) is None
    assert await kavenegar.find(uuid4(), 1) is None


@pytest.mark.parametrize("code", [409, 411, 418])
async def test_a_refused_sms_was_not_sent(
    kavenegar: Kavenegar, http: httpx.AsyncClient, code: int
) -> None:
    message = sms()
    await script(http, "kavenegar", behaviour="code", code=code, status=code)

    with pytest.raises(Declined) as declined:
        await kavenegar.send(message)

    assert declined.value.code == code
    assert await kavenegar.find(message.message_id, 1) is None


async def test_the_simulator_checks_what_the_providers_check(
    postmark: Postmark, kavenegar: Kavenegar, http: httpx.AsyncClient
) -> None:
    with pytest.raises(Declined, match="300"):
        await postmark.send(mail(to="nobody"))
    with pytest.raises(Declined, match="411"):
        await kavenegar.send(sms(to="+98"))
    with pytest.raises(Declined, match="413"):
        await kavenegar.send(sms(text=""))
    refused = await http.post("/email", json={})
    assert (refused.status_code, refused.json()["ErrorCode"]) == (401, 10)


async def test_trouble_with_payments_is_no_trouble_with_messages(
    postmark: Postmark, http: httpx.AsyncClient
) -> None:
    await script(http, "any", behaviour="outage", times=None)

    await postmark.send(mail())

    assert (await http.get("/control/")).json()["calls"] == {"postmark": 1}


async def test_the_outbox_survives_a_killed_simulator(
    postmark: Postmark, running: Running, http: httpx.AsyncClient
) -> None:
    letter = mail()
    await postmark.send(letter)

    running.end(signal.SIGKILL)
    running.start()

    assert len(await Outbox(http).to(letter.to)) == 1
