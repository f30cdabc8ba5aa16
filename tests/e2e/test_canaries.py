"""Secrets sent through every route are found in no log, no history, no error and no metric."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest
from temporalio.client import Client

from engine.client import connect
from engine.codec import EncryptionCodec
from sandbox.gateway.envelope import CARD_NUMBER
from sandbox.home import Home
from tests import given
from tests.api.people import Person, join
from tests.e2e.canaries import CANARIES, calls
from tests.e2e.collector import Collector
from tests.e2e.dev import Dev
from tests.e2e.figures import texts
from tests.e2e.gateway import top_up
from tests.e2e.test_payloads import payloads_in

PASSWORD, IBAN, PHONE = CANARIES["password"], CANARIES["iban"], CANARIES["phone"]
# What a route cannot find it names: the path is the caller's own, and so are the names of fields.
NEW_PASSWORD = "Kanarienvogel-8402-password"


@pytest.fixture
def begun() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def admin(http: httpx.AsyncClient, dev: Dev) -> Person:
    """Somebody who gets past every policy, and whom nobody else here needs."""
    person = await join(http)
    with psycopg.connect(dev.info.superuser_url, autocommit=True) as database:
        database.execute("UPDATE users SET role = 'admin' WHERE id = %s", [person.id])
    return person


@pytest.fixture
async def keyless(dev: Dev) -> Client:
    return await Client.connect(dev.info.temporal_address)


def assert_silent(text: str, where: str, secrets: dict[str, str]) -> None:
    for name, secret in secrets.items():
        assert secret.lower() not in text.lower(), f"a {name} in {where}"


def assert_logs_are_silent(dev: Dev, secrets: dict[str, str]) -> None:
    logs = Home.at(dev.home).logs
    read = {path.name: path.read_text(errors="replace") for path in logs.glob("*.log*")}
    assert any(name.startswith("api") for name in read)
    assert any(name.startswith("worker") for name in read)
    for name, text in read.items():
        if not name.startswith(("gateway", "temporal")):  # those stand for other people's systems
            assert_silent(text, name, secrets)


async def assert_traces_are_silent(collector: Collector, secrets: dict[str, str]) -> None:
    before = len(collector.bodies)

    async def has_more_come() -> bool:
        return len(collector.bodies) > before + 1  # so what was under way has

    await given.eventually(has_more_come)
    assert "tickets" in collector.text
    assert_silent(collector.text, "a trace", secrets)


async def histories(client: Client, since: datetime) -> AsyncIterator[tuple[str, Any]]:
    """Go through everything that the engine has stored of the workflows of this test."""
    async for found in client.list_workflows(f"StartTime >= '{since.isoformat()}'"):
        handle = client.get_workflow_handle(found.id, run_id=found.run_id)
        yield found.id, await handle.fetch_history()


def assert_audit_log_is_silent(dev: Dev, secrets: dict[str, str]) -> None:
    with psycopg.connect(dev.info.superuser_url) as database:
        rows = database.execute("SELECT audit_log::text FROM audit_log").fetchall()
    assert_silent("\n".join(row[0] for row in rows), "the audit log", secrets)


@pytest.mark.timeout(300)
async def test_what_is_sent_through_every_route_is_told_to_nobody(
    dev: Dev,
    http: httpx.AsyncClient,
    admin: Person,
    keyless: Client,
    begun: datetime,
    collector: Collector,
) -> None:
    sent = 0
    for call in calls():
        for token in (admin.token, CANARIES["token"]):
            answer = await http.request(
                call.method,
                call.path,
                json=call.body,
                params=call.query,
                headers={"Authorization": f"Bearer {token}", "Cookie": f"at={token}; rt={token}"},
                follow_redirects=False,
            )
            sent += 1
            if answer.status_code >= 400:
                assert answer.status_code not in {500, 501, 504}, answer.text
                assert_silent(answer.text, f"{call.method} {call.path}", CANARIES)
    metrics = "".join((await texts(dev)).values())

    assert sent > 1000
    assert_silent(metrics, "the metrics", CANARIES)
    await assert_traces_are_silent(collector, CANARIES)
    assert_logs_are_silent(dev, CANARIES)
    assert_audit_log_is_silent(dev, CANARIES)
    async for name, history in histories(keyless, begun):
        assert_silent(name, "the name of a workflow", CANARIES)
        for event in history.events:
            stored = event.SerializeToString().decode("latin-1")
            assert_silent(stored, f"the history of {name}", CANARIES)


async def test_what_is_used_in_earnest_is_told_to_nobody(
    dev: Dev,
    http: httpx.AsyncClient,
    gateway: httpx.AsyncClient,
    keyless: Client,
    begun: datetime,
    collector: Collector,
) -> None:
    """A life with all of it: register, prove address and phone, pay, withdraw, reset, log out."""
    email = f"kanarienvogel-{begun.timestamp():.0f}@example.test"
    account = {"email": email, "password": PASSWORD, "full_name": "Sara Ahmadi", "phone": PHONE}
    registered = (await http.post("/api/v1/auth/register/", json=account)).raise_for_status()
    credentials = {"email": email, "password": PASSWORD}
    pair = (await http.post("/api/v1/auth/token/", json=credentials)).json()
    sara = Person(http, registered.json()["id"], email, pair["access_token"], pair["refresh_token"])
    letter = await token_sent_to(gateway, email, "verify-email")
    proof = await http.post("/api/v1/auth/email/verify/confirm/", json={"token": letter})
    assert proof.status_code == 204, proof.text
    assert (await sara.call("POST", "/auth/phone/verify/")).status_code == 202
    code = await code_sent_to(gateway, PHONE)
    proof = await sara.call("POST", "/auth/phone/verify/confirm/", {"code": code})
    assert proof.status_code == 204, proof.text
    await top_up(gateway, sara, 250_000)
    await sara.post("/wallet/withdrawals/", {"amount": 100_000, "iban": IBAN})
    await http.post("/api/v1/auth/password/reset/", json={"email": email})
    reset = await token_sent_to(gateway, email, "reset-password")
    wish = {"token": reset, "new_password": NEW_PASSWORD}
    answer = await http.post("/api/v1/auth/password/reset/confirm/", json=wish)
    assert answer.status_code == 204, answer.text

    secrets = {
        **CANARIES,
        "new password": NEW_PASSWORD,
        "access token": pair["access_token"],
        "refresh token": pair["refresh_token"],
        "verification token": letter,
        "reset token": reset,
        "card that was paid with": CARD_NUMBER,
    }
    assert_logs_are_silent(dev, secrets)
    assert_audit_log_is_silent(dev, secrets | {"address": email})
    assert_silent("".join((await texts(dev)).values()), "the metrics", secrets)
    await assert_traces_are_silent(collector, secrets | {"address": email})
    codec = EncryptionCodec(dev.keys)
    names = set()
    async for name, history in histories(keyless, begun):
        names.add(name.partition(":")[0])
        payloads = [payload for event in history.events for payload in payloads_in(event)]
        opened = await codec.decode(payloads)
        for stored in (*history.events, *opened):  # not even under encryption
            text = stored.SerializeToString().decode("latin-1")
            assert_silent(text, f"the history of {name}", secrets | {"code": f'"{code}"'})
    assert {"message", "payment", "withdrawal"} <= names


async def token_sent_to(gateway: httpx.AsyncClient, email: str, page: str) -> str:
    return await _sent(gateway, email, rf"/{page}\?token=([\w.-]+)")


async def code_sent_to(gateway: httpx.AsyncClient, phone: str) -> str:
    return await _sent(gateway, phone, r"\b(\d{6})\b")


async def _sent(gateway: httpx.AsyncClient, to: str, pattern: str) -> str:
    found: list[str] = []

    async def is_there() -> bool:
        answer = await gateway.get("/outbox", headers={"Accept": "application/json"})
        texts = [one["text"] for one in answer.json() if one["to"][-10:] == to[-10:]]
        found.extend(match[1] for text in texts if (match := re.search(pattern, text)))
        return bool(found)

    await given.eventually(is_there)
    return found[0]


async def test_what_was_looked_for_can_be_found(dev: Dev, keyless: Client) -> None:
    """Else the tests above might look in the wrong places."""
    begun = datetime.now(UTC)
    client = await connect(
        dev.info.temporal_address, namespace=dev.info.temporal_namespace, keys=dev.keys
    )
    name = f"canary:{CANARIES['card']}"
    await client.start_workflow("Unknown", PHONE, id=name, task_queue="nobody")

    async def is_found() -> bool:
        return name in [found async for found, _ in histories(keyless, begun)]

    await given.eventually(is_found)
    [history] = [history async for found, history in histories(keyless, begun) if found == name]
    payloads = [payload for event in history.events for payload in payloads_in(event)]
    [opened] = await EncryptionCodec(dev.keys).decode(payloads)

    assert PHONE in opened.data.decode()
    assert PHONE.encode() not in history.events[0].SerializeToString()
    await client.get_workflow_handle(name).terminate()
