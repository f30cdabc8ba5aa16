"""Calls are reported by what came of them, and go through as before."""

import asyncio
from decimal import Decimal
from uuid import uuid4

import httpx
import pytest

from gateways.errors import Declined, OutcomeUnknown, ResultClass, Unavailable
from gateways.message import Outgoing
from gateways.postmark import Postmark
from gateways.watched import WatchedMessages, WatchedZarinpal, reported

AUTHORITY = "A" * 36
Call = tuple[str, str, str]


class Calls(list[Call]):
    def called(self, gateway: str, operation: str, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        self.append((gateway, operation, outcome))


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Declined(-51, "cancelled", ResultClass.FINAL), "declined"),
        (Declined(-9, "terminal", ResultClass.CONFIGURATION), "misconfigured"),
        (Unavailable("away"), "unavailable"),
        (OutcomeUnknown("silence"), "unknown"),
        (asyncio.CancelledError(), "cancelled"),
        (ValueError("a bug"), "failed"),
    ],
)
def test_what_came_of_a_call_is_reported(error: BaseException, outcome: str) -> None:
    calls = Calls()

    with pytest.raises(type(error)), reported(calls.called, "zarinpal", "verify"):
        raise error

    assert calls == [("zarinpal", "verify", outcome)]


async def test_the_payment_gateway_is_watched_call_by_call() -> None:
    answers = iter([httpx.Response(200, json={"data": {"code": 101, "ref_id": 1}, "errors": []})])

    def answer(_request: httpx.Request) -> httpx.Response:
        for response in answers:
            return response
        raise httpx.ConnectError("away")

    calls = Calls()
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        gateway = WatchedZarinpal(http, "http://gateway", "merchant", report=calls.called)
        assert (await gateway.verify(Decimal(50_000), AUTHORITY)).repeated
        with pytest.raises(Unavailable):
            await gateway.inquire(AUTHORITY)

    assert calls == [("zarinpal", "verify", "ok"), ("zarinpal", "inquiry", "unavailable")]


async def test_a_provider_of_messages_is_watched_under_its_own_name() -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("silence")

    calls = Calls()
    message = Outgoing(uuid4(), 1, "sara@example.test", "Hello", "Subject")
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        postmark = Postmark(http, "http://postmark", "token", "assets@example.com")
        watched = WatchedMessages(postmark, calls.called)
        with pytest.raises(OutcomeUnknown):
            await watched.send(message)
        assert await watched.find(message.message_id, 1) is None

    assert watched.name == "postmark"
    assert calls == [("postmark", "send", "unknown")]
