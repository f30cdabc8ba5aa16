"""The real Zarinpal client against the running simulator; nothing between them but HTTP."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest

from gateways.errors import Declined, OutcomeUnknown, ResultClass, Unavailable
from gateways.payment import InquiryStatus, PaymentRequest
from gateways.zarinpal import ZarinpalGateway
from tests.sandbox.simulated import Running

AMOUNT = Decimal(150_000)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
async def gateway(running: Running) -> AsyncIterator[ZarinpalGateway]:
    async with httpx.AsyncClient() as client:
        yield ZarinpalGateway(client, running.url, "3f2b9a54-7c1e-4a7d-9a5e-0d1f6b8c2e47")


def impatient(gateway: ZarinpalGateway) -> ZarinpalGateway:
    limit = timedelta(milliseconds=300)
    return ZarinpalGateway(
        gateway.client, gateway.base_url, gateway.merchant_id, total_timeout=limit
    )


def wish(callback_url: str = "http://127.0.0.1:9/verify/") -> PaymentRequest:
    return PaymentRequest(UUID(int=7), AMOUNT, "Wallet top-up", callback_url, mobile="09121234567")


async def opened(gateway: ZarinpalGateway, callback_url: str = "http://127.0.0.1:9/") -> str:
    return (await gateway.request(wish(callback_url))).authority


async def paid(gateway: ZarinpalGateway) -> str:
    """Pay as a browser does: open the page, press the button."""
    authority = await opened(gateway)
    page = gateway.payment_page(authority)
    (await gateway.client.get(page)).raise_for_status()
    assert (await gateway.client.post(f"{page}/pay")).status_code == 303
    return authority


async def script(http: httpx.AsyncClient, **fault: object) -> None:
    (await http.post("/control/", json=fault)).raise_for_status()


async def test_a_payment_from_request_to_reference(gateway: ZarinpalGateway) -> None:
    authority = await paid(gateway)

    assert await gateway.inquire(authority) is InquiryStatus.PAID
    assert authority in [one.authority for one in await gateway.unverified()]
    first = await gateway.verify(AMOUNT, authority)
    second = await gateway.verify(AMOUNT, authority)

    assert (first.repeated, second.repeated) == (False, True)
    assert first.ref_id == second.ref_id is not None
    assert first.card_pan == "999999******9999"
    assert first.fee == Decimal(1500)
    assert await gateway.inquire(authority) is InquiryStatus.VERIFIED
    assert authority not in [one.authority for one in await gateway.unverified()]


async def test_what_was_not_paid_is_pending(gateway: ZarinpalGateway) -> None:
    with pytest.raises(Declined) as declined:
        await gateway.verify(AMOUNT, await opened(gateway))

    assert declined.value.code == -51
    assert declined.value.result_class is ResultClass.PENDING


async def test_another_amount_is_refused(gateway: ZarinpalGateway) -> None:
    with pytest.raises(Declined) as declined:
        await gateway.verify(AMOUNT + 1, await paid(gateway))

    assert declined.value.code == -50


async def test_a_reversed_payment_is_no_longer_ours(gateway: ZarinpalGateway) -> None:
    authority = await paid(gateway)

    await gateway.reverse(authority)

    assert await gateway.inquire(authority) is InquiryStatus.REVERSED
    with pytest.raises(Declined) as declined:
        await gateway.reverse(authority)
    assert declined.value.result_class is ResultClass.AMBIGUOUS


@pytest.mark.parametrize("seconds", [None, 0.1], ids=["silence", "hung up"])
async def test_a_verification_that_timed_out_is_found_done_by_the_next(
    gateway: ZarinpalGateway, http: httpx.AsyncClient, seconds: float | None
) -> None:
    authority = await paid(gateway)
    await script(http, operation="verify", behaviour="timeout_after", seconds=seconds)

    with pytest.raises(OutcomeUnknown):
        await impatient(gateway).verify(AMOUNT, authority)

    assert (await gateway.verify(AMOUNT, authority)).repeated


@pytest.mark.parametrize("status", [200, 429, 502])
async def test_html_after_the_work_is_unknown_and_the_next_call_tells(
    gateway: ZarinpalGateway, http: httpx.AsyncClient, status: int
) -> None:
    authority = await paid(gateway)
    await script(http, operation="verify", behaviour="html", status=status)

    with pytest.raises(OutcomeUnknown):
        await gateway.verify(AMOUNT, authority)

    assert (await gateway.verify(AMOUNT, authority)).repeated


async def test_an_outage_is_unknown_and_had_no_effect(
    gateway: ZarinpalGateway, http: httpx.AsyncClient
) -> None:
    authority = await paid(gateway)
    await script(http, operation="any", behaviour="outage", times=2)

    with pytest.raises(OutcomeUnknown):
        await gateway.inquire(authority)
    with pytest.raises(OutcomeUnknown):
        await gateway.verify(AMOUNT, authority)

    assert not (await gateway.verify(AMOUNT, authority)).repeated


async def test_a_gateway_that_is_not_there_is_unavailable(gateway: ZarinpalGateway) -> None:
    gone = ZarinpalGateway(gateway.client, f"http://127.0.0.1:{free_port()}", gateway.merchant_id)

    with pytest.raises(Unavailable):
        await opened(gone)


@pytest.mark.parametrize(
    "shape", ["empty_object", "empty_null", "empty_missing", "string_code", "no_ref_id"]
)
async def test_an_oddly_wrapped_success_is_a_success(
    gateway: ZarinpalGateway, http: httpx.AsyncClient, shape: str
) -> None:
    authority = await paid(gateway)
    await script(http, operation="verify", behaviour="odd_shape", shape=shape)

    verification = await gateway.verify(AMOUNT, authority)

    assert not verification.repeated
    assert (verification.ref_id is None) == (shape == "no_ref_id")


@pytest.mark.parametrize("shape", ["both_empty", "errors_list", "errors_by_field"])
async def test_an_answer_wrapped_beyond_recognition_is_unknown(
    gateway: ZarinpalGateway, http: httpx.AsyncClient, shape: str
) -> None:
    authority = await paid(gateway)
    await script(http, operation="verify", behaviour="odd_shape", shape=shape)

    with pytest.raises(OutcomeUnknown):
        await gateway.verify(AMOUNT, authority)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"behaviour": "wrong_amount"}, -50),
        ({"behaviour": "code", "code": -12, "status": 429}, -12),
    ],
)
async def test_a_scripted_refusal_is_declined(
    gateway: ZarinpalGateway, http: httpx.AsyncClient, fault: dict[str, object], code: int
) -> None:
    authority = await paid(gateway)
    await script(http, operation="verify", **fault)

    with pytest.raises(Declined) as declined:
        await gateway.verify(AMOUNT, authority)

    assert declined.value.code == code


async def test_a_payer_can_be_faster_than_the_answer_to_the_request(
    gateway: ZarinpalGateway, http: httpx.AsyncClient
) -> None:
    before = (await http.get("/control/payments/")).json()
    await script(http, operation="request", behaviour="delay", seconds=1)

    request = asyncio.create_task(gateway.request(wish()))
    while (payments := (await http.get("/control/payments/")).json()) == before:
        assert not request.done()
    authority = payments[0]["authority"]
    await http.post(f"/control/pay/{authority}", json={"outcome": "pay"})
    assert not request.done()

    assert (await request).authority == authority
    assert await gateway.inquire(authority) is InquiryStatus.PAID


@asynccontextmanager
async def payee() -> AsyncIterator[tuple[str, asyncio.Queue[str]]]:
    """Serve a callback address; its queue holds the target of each request that came."""
    visits: asyncio.Queue[str] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        visits.put_nowait(head.split(b" ")[1].decode())

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/verify/", visits


async def test_a_duplicated_callback_comes_beside_the_browser(
    gateway: ZarinpalGateway, http: httpx.AsyncClient
) -> None:
    await script(http, operation="callback", behaviour="duplicate", extra=2)

    async with payee() as (url, visits):
        authority = await opened(gateway, url)
        answer = await http.post(f"/pg/StartPay/{authority}/pay")
        came = [await visits.get() for _ in range(2)]

    assert answer.status_code == 303
    for target in came:
        assert parse_qs(urlsplit(target).query) == {"Authority": [authority], "Status": ["OK"]}


async def pay_through_control(http: httpx.AsyncClient, authority: str) -> list[int | None]:
    answer: Any = await http.post(
        f"/control/pay/{authority}", json={"outcome": "pay", "callback": True}
    )
    answers: list[int | None] = answer.json()["callback_answers"]
    return answers


async def test_the_simulator_visits_the_callback_in_the_browsers_place(
    gateway: ZarinpalGateway, http: httpx.AsyncClient
) -> None:
    async with payee() as (url, visits):
        authority = await opened(gateway, url)

        assert await pay_through_control(http, authority) == [204]
        assert authority in await visits.get()

        await script(http, operation="callback", behaviour="lost")
        assert await pay_through_control(http, authority) == []
        await script(http, operation="callback", behaviour="duplicate")
        assert await pay_through_control(http, authority) == [204, 204]

    assert await pay_through_control(http, authority) == [None]


async def test_payments_survive_a_killed_simulator(
    gateway: ZarinpalGateway, running: Running
) -> None:
    waiting, verified = await paid(gateway), await paid(gateway)
    before = await gateway.verify(AMOUNT, verified)

    running.end(signal.SIGKILL)
    with pytest.raises(Unavailable):
        await gateway.inquire(waiting)
    running.start()

    assert await gateway.inquire(waiting) is InquiryStatus.PAID
    assert not (await gateway.verify(AMOUNT, waiting)).repeated
    after = await gateway.verify(AMOUNT, verified)
    assert (after.repeated, after.ref_id) == (True, before.ref_id)


async def test_a_call_that_is_never_answered_does_not_hold_up_a_clean_stop(
    gateway: ZarinpalGateway, http: httpx.AsyncClient, running: Running
) -> None:
    await script(http, operation="unVerified", behaviour="timeout_after")
    waiting = asyncio.create_task(gateway.unverified())
    while (await http.get("/control/")).json()["calls"].get("unVerified") is None:
        assert not waiting.done()

    await asyncio.to_thread(running.end, signal.SIGTERM)

    with pytest.raises(OutcomeUnknown):
        await waiting
    running.start()
