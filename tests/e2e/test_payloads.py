"""What Temporal stores of a loan: unreadable without the codec, readable with it, searchable."""

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload, SearchAttributes
from temporalio.client import Client

from tests import given
from tests.api.people import Person
from tests.e2e import loans
from tests.e2e.dev import Dev
from tests.e2e.gateway import top_up
from tests.e2e.loans import Loan


@pytest.fixture
async def loan(gateway: httpx.AsyncClient, sara: Person, omid: Person) -> Loan:
    await top_up(gateway, omid, 600_000)
    return await loans.whole(sara, omid)


@pytest.fixture
async def keyless(dev: Dev) -> Client:
    """A client as anybody has it who can reach Temporal."""
    return await Client.connect(dev.info.temporal_address)


async def test_payloads_are_for_those_with_the_codec_only(
    keyless: Client, http: httpx.AsyncClient, loan: Loan
) -> None:
    history = await keyless.get_workflow_handle(f"ticket:{loan.id}").fetch_history()
    payloads = [payload for event in history.events for payload in payloads_in(event)]
    stored = b"".join(payload.SerializeToString() for payload in payloads)

    decoded = await http.post("/codec/decode", json={"payloads": [*map(wire, payloads)]})
    shown = b"".join(base64.b64decode(one["data"]) for one in decoded.json()["payloads"])

    # In clear is only how the SDK keeps count of its local activities.
    clear = [one for one in payloads if one.metadata["encoding"] != b"binary/encrypted"]
    assert all(b'"activity_type"' in payload.data for payload in clear)
    people = (loan.id, loan.lender.id, loan.borrower.id)
    for secret in (*people, "100000", "500000", "completed"):
        assert secret.encode() not in stored
        assert secret.encode() in shown


async def test_loans_are_found_by_what_they_are_about(keyless: Client, loan: Loan) -> None:
    about = f'TicketStatus="completed" AND LenderId="{loan.lender.id}"'

    async def is_found() -> bool:
        return [found.id async for found in keyless.list_workflows(about)] == [f"ticket:{loan.id}"]

    await given.eventually(is_found)


def payloads_in(message: Message) -> Iterator[Payload]:
    """Find every payload of an event but the search attributes, which are clear on purpose."""
    if isinstance(message, Payload):
        yield message
    elif not isinstance(message, SearchAttributes):
        for _, value in message.ListFields():
            for part in parts(value):
                yield from payloads_in(part)


def parts(value: Any) -> Iterator[Message]:
    """Return the messages in a field: one, a list of them, or a map to them."""
    values = value.values() if hasattr(value, "values") else value
    candidates = [value] if isinstance(value, Message) else values
    if isinstance(value, str | bytes | int | float):
        return
    yield from (part for part in candidates if isinstance(part, Message))


def wire(payload: Payload) -> dict[str, Any]:
    metadata = {name: base64.b64encode(value).decode() for name, value in payload.metadata.items()}
    return {"metadata": metadata, "data": base64.b64encode(payload.data).decode()}
