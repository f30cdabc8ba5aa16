"""SIGTERM, and the start after it."""

import httpx

from tests.api.people import Person
from tests.e2e import loans
from tests.e2e.dev import Dev
from tests.sandbox.waiting import is_alive


async def test_after_sigterm_nothing_is_left_and_the_next_start_finds_the_loan(
    dev: Dev, sara: Person, omid: Person
) -> None:
    loan = await loans.accepted(sara, omid)
    before = await omid.get(f"/tickets/{loan.id}/")
    processes = dev.processes()

    assert len(processes) > len(dev.info.pids)
    assert dev.stop() == 0
    assert not any(map(is_alive, processes))
    dev.start()

    async with httpx.AsyncClient(base_url=dev.info.api, trust_env=False) as http:
        omid_later = Person(http, omid.id, omid.email, omid.token, omid.refresh_token)
        assert await omid_later.get(f"/tickets/{loan.id}/") == before
