"""A Zarinpal client whose gateway is a function of the test."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from gateways.zarinpal import ZarinpalGateway
from tests.gateways.wire import Impatient, Wire

MERCHANT_ID = "3f2b9a54-7c1e-4a7d-9a5e-0d1f6b8c2e47"


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
async def gateway(wire: Wire) -> AsyncIterator[ZarinpalGateway]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(wire)) as client:
        yield ZarinpalGateway(client, "https://gateway.test/", MERCHANT_ID)


@pytest.fixture
def impatient(gateway: ZarinpalGateway) -> Impatient:
    """Build a client that gives up after 50 ms, over a transport of the test."""

    def build(transport: httpx.AsyncBaseTransport) -> ZarinpalGateway:
        client = httpx.AsyncClient(transport=transport)
        return ZarinpalGateway(
            client, gateway.base_url, MERCHANT_ID, total_timeout=timedelta(milliseconds=50)
        )

    return build
