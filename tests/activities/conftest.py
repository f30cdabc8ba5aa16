"""The simulator that stands for the providers of messages, and the steps that call it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from activities.messages import ProviderMessageSteps
from models.database import Sessions
from tests.activities.messengers import clients, simulating, steps_of
from tests.outbox import Outbox


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with simulating(tmp_path) as simulator:
        yield simulator


@pytest.fixture
def outbox(simulator: httpx.AsyncClient) -> Outbox:
    return Outbox(simulator)


@pytest.fixture
def steps(simulator: httpx.AsyncClient, sessions: Sessions) -> ProviderMessageSteps:
    return steps_of(sessions, clients(simulator))
