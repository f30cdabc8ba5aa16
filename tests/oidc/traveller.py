"""Somebody with a browser, on the way between this API, a provider and the frontend."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

OAUTH = "/api/v1/auth/oauth"
ME = "/api/v1/auth/me/"


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@dataclass(frozen=True)
class Traveller:
    """Attributes.

    browser: Talks to the API, and keeps its cookies.
    elsewhere: Talks to providers.
    """

    browser: httpx.AsyncClient
    elsewhere: httpx.AsyncClient

    async def leave(self, provider: str = "google", **query: str) -> str:
        """Begin a login, and return the page of the provider."""
        answer = await self.browser.get(f"{OAUTH}/{provider}/login/", params=query)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def consent(self, page: str) -> str:
        """Log in at a provider that asks nothing, and return where it sends the browser."""
        answer = await self.elsewhere.get(page)
        assert answer.status_code == 307, answer.text
        return answer.headers["location"]

    async def come_back(self, callback: str, **changes: str) -> httpx.Response:
        """Call the callback as a browser does."""
        return await self._call(callback, "text/html,*/*;q=0.8", changes)

    async def ask_back(self, callback: str, **changes: str) -> httpx.Response:
        """Call it as a program does, which wants to know why it is refused."""
        return await self._call(callback, "application/json", changes)

    async def _call(self, callback: str, accept: str, changes: dict[str, str]) -> httpx.Response:
        query = query_of(callback) | changes
        path = urlsplit(callback).path
        return await self.browser.get(path, params=query, headers={"Accept": accept})

    async def log_in(self, provider: str = "google", **query: str) -> httpx.Response:
        """Make the whole way, as a browser."""
        return await self.come_back(await self.consent(await self.leave(provider, **query)))

    async def try_to_log_in(self, provider: str = "google") -> httpx.Response:
        """Make the whole way, and say why it is refused."""
        return await self.ask_back(await self.consent(await self.leave(provider)))

    async def link(self, provider: str = "google", **body: Any) -> httpx.Response:
        """Ask to link an identity to the account of the login of this browser."""
        headers = {"X-CSRF-Token": self.browser.cookies["csrf"]}
        return await self.browser.post(f"{OAUTH}/{provider}/link/", json=body, headers=headers)

    async def unlink(self, provider: str = "google") -> httpx.Response:
        headers = {"X-CSRF-Token": self.browser.cookies["csrf"]}
        return await self.browser.delete(f"/api/v1/auth/identities/{provider}/", headers=headers)

    async def me(self) -> Any:
        answer = await self.browser.get(ME)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def linked(self) -> list[str]:
        answer = await self.browser.get("/api/v1/auth/identities/")
        return [one["provider"] for one in answer.json()["items"]]
