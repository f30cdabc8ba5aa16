"""What API, worker and engine of a sandbox show to Prometheus."""

import httpx

from tests.e2e.dev import Dev


async def texts(dev: Dev) -> dict[str, str]:
    """Scrape all three, by their names."""
    async with httpx.AsyncClient(trust_env=False) as http:
        answers = {name: await http.get(url) for name, url in dev.info.metrics.items()}
    assert {answer.status_code for answer in answers.values()} == {200}
    return {name: answer.text for name, answer in answers.items()}
