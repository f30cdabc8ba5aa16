"""The simulator's providers report as real ones do, and the API takes it from them."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.app import create_app
from domain.messages.notice import Delivery
from sandbox.gateway.app import create_app as create_simulator
from sandbox.gateway.outbox import Outbox, Sent
from sandbox.gateway.reports import Reporter
from sandbox.webhook_keys import ProviderKeys
from settings import Settings
from tests.api.webhooks.callers import SETTINGS
from tests.api.webhooks.conftest import CHANNELS, Taken

KEYS = ProviderKeys("the secret of one sandbox, of enough characters")
SITE = "http://api.test"
# What a provider does not tell at all.
NEVER = {("postmark", "accepted"), ("kavenegar", "read")}
TOLD = [(one, two.value) for one in sorted(CHANNELS) for two in Delivery]


def api_settings(settings: Settings) -> Settings:
    known = {name.lower(): value for name, value in KEYS.environment().items()}
    hosts = {"api_url": SITE, "allowed_hosts": ("api.test",)}
    return Settings(_env_file=None, **settings.model_dump() | SETTINGS | known | hosts)


@pytest.fixture(scope="module")
async def transport(settings: Settings) -> AsyncIterator[httpx.ASGITransport]:
    app = create_app(api_settings(settings))
    async with app.router.lifespan_context(app):
        yield httpx.ASGITransport(app)


@pytest.fixture
async def simulator(
    tmp_path: Path, transport: httpx.ASGITransport
) -> AsyncIterator[httpx.AsyncClient]:
    reporter = Reporter(SITE, KEYS, transport)
    app = create_simulator(tmp_path / "state.sqlite", "http://simulator", reporter)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://simulator") as http,
    ):
        yield http


def kept(tmp_path: Path, provider: str, name: str, **more: Any) -> None:
    """Put a message into the simulator's outbox."""
    outbox = Outbox(tmp_path / "state.sqlite")
    outbox.keep(
        Sent(CHANNELS[provider], "somebody", "", "Hi", provider=provider, provider_id=name, **more)
    )
    outbox.close()


@pytest.mark.parametrize(("provider", "delivery"), TOLD)
async def test_a_provider_reports_what_it_ever_tells(
    simulator: httpx.AsyncClient, taken_by: Taken, tmp_path: Path, provider: str, delivery: str
) -> None:
    name = str(uuid4().int)
    sent = await taken_by(provider, provider_id=name)
    kept(tmp_path, provider, name)

    answer = await simulator.post(
        "/control/report", json={"provider_id": name, "delivery": delivery, "times": 3}
    )

    if (provider, delivery) in NEVER:
        assert answer.status_code == 422
        assert "reports only" in answer.json()["detail"]
        return
    assert answer.json() == {
        "provider": provider, "provider_id": name, "delivery": delivery, "answers": [200] * 3,
    }  # fmt: skip
    status = "failed" if delivery == "undelivered" else "sent"
    assert (await sent.told())[:2] == (delivery, status)


async def test_the_latest_message_to_somebody_is_meant(
    simulator: httpx.AsyncClient, taken_by: Taken, tmp_path: Path
) -> None:
    sent = await taken_by("twilio")
    url = f"{SITE}/api/v1/webhooks/twilio/?message=0199"
    kept(tmp_path, "kavenegar", "1")
    kept(tmp_path, "twilio", sent.name, callback_url=url)

    answer = await simulator.post(
        "/control/report", json={"to": "somebody", "delivery": "delivered"}
    )

    assert answer.json()["answers"] == [200]
    assert (await sent.told())[0] == "delivered"


@pytest.mark.parametrize(
    "wish",
    [
        {"delivery": "read"},
        {"delivery": "read", "to": "0912", "provider_id": "x"},
        {"delivery": "read", "provider_id": "x"},
        {"delivery": "read", "to": "nobody"},
        {"delivery": "lost", "to": "0912"},
        {"delivery": "read", "to": "0912"},
    ],
)
async def test_what_cannot_be_reported_is_refused(
    simulator: httpx.AsyncClient, tmp_path: Path, wish: dict[str, Any]
) -> None:
    with sqlite3.connect(tmp_path / "state.sqlite") as file:  # of an earlier version: by nobody
        file.execute(
            "INSERT INTO outbox (channel, recipient, subject, text, html, at)"
            " VALUES ('sms', '0912', '', 'old', '', 'then')"
        )
    file.close()

    answer = await simulator.post("/control/report", json=wish)

    assert answer.status_code == 422, answer.text


async def test_an_api_that_does_not_answer_is_told_of(tmp_path: Path) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody", request=request)

    reporter = Reporter(SITE, KEYS, httpx.MockTransport(refuse))
    sent = Sent("email", "a@b.test", "", "", provider="postmark", provider_id="x")

    assert await reporter.send(sent, Delivery.DELIVERED, 2) == [None, None]


async def test_without_an_api_nothing_is_reported(tmp_path: Path) -> None:
    app = create_simulator(tmp_path / "state.sqlite", "http://simulator")
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://simulator") as http,
    ):
        answer = await http.post("/control/report", json={"to": "0912", "delivery": "read"})

    assert answer.status_code == 409


def test_two_sandboxes_sign_differently() -> None:
    one, other = KEYS.environment(), ProviderKeys("another").environment()

    assert {name for name in one if one[name] == other[name]} == {"POSTMARK_WEBHOOK_USER"}
    assert len(set(one.values())) == len(one)
    assert KEYS.secret not in repr(KEYS)
