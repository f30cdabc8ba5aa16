"""What a step makes of each result code: news, a reason to ask again, or a matter for people."""

from collections.abc import AsyncIterator
from decimal import Decimal

import httpx
import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.contracts.payments import Inspection, Verdict
from activities.gateway import ZarinpalSteps
from domain.payment import Payment, PaymentStatus
from gateways.errors import Declined, ResultClass
from gateways.result_codes import RESULTS
from gateways.zarinpal import ZarinpalGateway
from models.base import new_id
from tests.gateways.wire import Wire
from tests.given import NOW

REFUSED, ASKED_AGAIN, UNPAID = "refused", "asked again", "unpaid"
OUTCOMES = {
    ResultClass.CONFIGURATION: REFUSED,
    ResultClass.INPUT: REFUSED,
    ResultClass.PENDING: UNPAID,
    ResultClass.FINAL: UNPAID,
    ResultClass.RETRY: ASKED_AGAIN,
    ResultClass.AMBIGUOUS: ASKED_AGAIN,
}
CASES = [(code, OUTCOMES[result_class]) for code, (result_class, _) in RESULTS.items()]
PAYMENT = Payment(
    id=new_id(),
    user_id=new_id(),
    ticket_id=None,
    amount=Decimal(250_000),
    currency="IRR",
    status=PaymentStatus.PENDING,
    authority="A00000000000000000000000000217885159",
    redirect_url=None,
    ref_id=None,
    card_pan=None,
    fee=None,
    created_at=NOW,
    paid_at=None,
)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
async def steps(wire: Wire) -> AsyncIterator[ZarinpalSteps]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(wire)) as client:
        gateway = ZarinpalGateway(client, "https://gateway.test", "merchant")
        yield ZarinpalSteps(gateway, "https://shop.test/back")


@pytest.mark.parametrize(("code", "outcome"), [*CASES, (-777, ASKED_AGAIN)])
async def test_each_result_code_of_a_verification_has_one_outcome(
    steps: ZarinpalSteps, wire: Wire, code: int, outcome: str
) -> None:
    wire.answer = {"data": [], "errors": {"code": code, "message": "their words"}}

    assert await outcome_of(steps) == outcome


async def outcome_of(steps: ZarinpalSteps) -> str:
    try:
        found = await ActivityEnvironment().run(steps.verify_at_gateway, PAYMENT)
    except Declined:
        return ASKED_AGAIN  # it leaves the step as it is, so that Temporal takes the step again
    except ApplicationError as refusal:
        is_final = refusal.non_retryable and refusal.type == "gateway_refused"
        return REFUSED if is_final else str(refusal)
    assert found == Inspection(Verdict.UNPAID)
    return UNPAID
