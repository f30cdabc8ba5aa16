"""The far end of a Zarinpal client, as a function of the test."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from gateways.zarinpal import ZarinpalGateway

Impatient = Callable[[httpx.AsyncBaseTransport], ZarinpalGateway]


@dataclass
class Wire:
    """What the gateway answers (bytes, JSON, or an error to raise), and what it was asked."""

    answer: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        if isinstance(self.answer, bytes):
            return httpx.Response(self.status, headers=self.headers, content=self.answer)
        return httpx.Response(self.status, headers=self.headers, json=self.answer)

    @property
    def body(self) -> dict[str, Any]:
        """The JSON of the only request there was."""
        (request,) = self.asked
        content: dict[str, Any] = json.loads(request.content)
        return content
