"""What the simulator took from us on its way to people, as a test waits for it."""

import re
from dataclasses import dataclass
from typing import Any

import httpx

from tests import given


@dataclass(frozen=True)
class Outbox:
    simulator: httpx.AsyncClient

    async def to(self, recipient: str) -> list[dict[str, Any]]:
        """Return what somebody was sent, newest first."""
        answer = await self.simulator.get(
            "/outbox", params={"to": recipient}, headers={"Accept": "application/json"}
        )
        found: list[dict[str, Any]] = answer.json()
        return found

    async def letter(self, recipient: str, number: int = 1) -> dict[str, Any]:
        """Wait for the so manyth message to somebody, and return it."""

        async def has_come() -> bool:
            return len(await self.to(recipient)) >= number

        await given.eventually(has_come)
        return (await self.to(recipient))[-number]

    async def token(self, recipient: str, page: str, number: int = 1) -> str:
        """Wait for a letter, and return the secret of its link to a page of the frontend."""
        letter = await self.letter(recipient, number)
        return token_in(letter["text"], page)

    async def code(self, number_dialled: str, number: int = 1) -> str:
        letter = await self.letter(number_dialled, number)
        found = re.search(r"\b[0-9]{6}\b", letter["text"])
        assert found, letter
        return found[0]


def token_in(text: str, page: str) -> str:
    found = re.search(re.escape(page) + r"\?token=([A-Za-z0-9_-]{43})\b", text)
    assert found, text
    return found[1]
