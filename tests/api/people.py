"""People who call the API: who they are, and how they say so."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Person:
    http: httpx.AsyncClient
    id: str
    email: str
    token: str
    refresh_token: str

    async def call(
        self, method: str, path: str, body: object = None, *, key: str | None = None, **query: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        headers |= {"Idempotency-Key": key} if key else {}
        return await self.http.request(
            method, f"/api/v1{path}", json=body, params=query, headers=headers
        )

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.call("GET", path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: object, *, key: str | None = None) -> Any:
        answer = await self.call("POST", path, body, key=key)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def patch(self, path: str, body: object, *, key: str | None = None) -> Any:
        answer = await self.call("PATCH", path, body, key=key)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def lists(self, **changes: Any) -> Any:
        terms = {"title": "Drill", "daily_fee": "100000", "deposit": 500_000, "max_days": 30}
        return await self.post("/assets/", terms | changes)


async def join(http: httpx.AsyncClient) -> Person:
    """Register somebody and log them in by bearer token."""
    email = f"{uuid4().hex}@example.test"
    body = {"email": email, "password": PASSWORD, "full_name": "Sara Ahmadi"}
    registered = await http.post("/api/v1/auth/register/", json=body)
    assert registered.status_code == 201, registered.text
    credentials = {"email": email, "password": PASSWORD}
    tokens = (await http.post("/api/v1/auth/token/", json=credentials)).json()
    return Person(
        http, registered.json()["id"], email, tokens["access_token"], tokens["refresh_token"]
    )


def problem(answer: httpx.Response, status: int, code: str) -> Any:
    """Check that an answer is the refusal it should be, and return its body."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == code, body
    assert (body["type"], body["status"]) == (f"/problems/{code}", status)
    assert body["request_id"]
    return body
