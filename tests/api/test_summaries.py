"""Whatever a request starts, the list of the Temporal UI says in words what it is."""

from decimal import Decimal
from uuid import UUID

import pytest
from temporalio.client import Client

from engine.client import connect
from models.database import Sessions
from settings import Settings
from tests import given
from tests.api.people import Person
from tests.conftest import KEYS

IBAN = "IR062960000000100324200001"
pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture
async def client(settings: Settings) -> Client:
    return await connect(settings.temporal_address, namespace="default", keys=KEYS)


async def test_every_workflow_of_a_request_has_a_summary_that_names_no_person(
    client: Client, sara: Person, omid: Person, operator: Person, sessions: Sessions
) -> None:
    await given.money_in_wallet(sessions, UUID(sara.id), Decimal(1_000_000))
    asset = await omid.lists()
    ticket = await sara.post("/tickets/", {"asset_id": asset["id"], "days": 3})
    payment = await sara.post("/payments/initiate/", {"amount": 250_000})
    withdrawal = await sara.post("/wallet/withdrawals/", {"amount": 10_000, "iban": IBAN})
    sent = await sara.post("/wallet/transfer/", {"to": omid.id, "amount": 1_000})
    wish = {"transaction_id": sent["transaction_id"], "reason": "Sent twice"}
    reversal = await operator.post("/ops/ledger/reversals/", wish)
    entries = (await sara.get("/wallet/entries/"))["items"]
    [transfer] = [one for one in entries if one["transaction_id"] == sent["transaction_id"]]

    said = {
        name: await summary(client, name)
        for name in (
            f"ticket:{ticket['id']}",
            f"payment:{payment['id']}",
            f"withdrawal:{withdrawal['id']}",
            transfer["ref"],
            f"reversal:{reversal['id']}",
        )
    }

    assert list(said.values()) == [
        f"Loan of asset {asset['id']}",
        "Wallet top-up of 250,000.00 rials",
        "Withdrawal of 10,000.00 rials",
        "Transfer of 1,000.00 rials",
        f"Reversal of transaction {sent['transaction_id']}",
    ]


async def summary(client: Client, name: str) -> str | None:
    return await (await client.get_workflow_handle(name).describe()).static_summary()
