"""Pages of several origins, and what their scripts do to the API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.async_api import Page

from tests.oidc.serving import served

_ASK: Final = """
async ([url, method, body, headers, mode]) => {
  const options = {method, mode, credentials: "include", headers};
  if (body !== null) {
    options.body = JSON.stringify(body);
    options.headers = {"Content-Type": mode === "cors" ? "application/json" : "text/plain",
                       ...headers};
  }
  try {
    const answer = await fetch(url, options);
    const text = await answer.text();
    return {status: answer.status, type: answer.type, body: text ? JSON.parse(text) : null,
            headers: Object.fromEntries(answer.headers)};
  } catch (error) {
    return {status: 0, type: "refused", body: null, headers: {}, error: String(error)};
  }
}
"""
_POST_FORM: Final = """
([url, fields, enctype]) => {
  const form = Object.assign(document.createElement("form"),
                             {method: "POST", action: url, enctype, target: "_self"});
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement("input"), {name, value}));
  }
  document.body.append(form);
  form.submit();
}
"""


@dataclass(frozen=True)
class Answer:
    """What a script can read of an answer; status 0 is nothing at all."""

    status: int
    type: str
    body: Any
    headers: dict[str, str]
    error: str = ""


@dataclass(frozen=True)
class Script:
    """The script of a page, and the API that it calls."""

    page: Page
    api: str

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        mode: str = "cors",
        **headers: str,
    ) -> Answer:
        """Ask with cookies, as `fetch` sends them."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"{self.api}/api/v1{path}"
        return Answer(**await self.page.evaluate(_ASK, [url, method, body, named, mode]))

    async def post_form(self, path: str, fields: dict[str, str], enctype: str) -> tuple[int, Any]:
        """Send the whole page to the API by a form; return what it was answered."""
        url = f"{self.api}/api/v1{path}"
        async with self.page.expect_response(url) as waiting:
            await self.page.evaluate(_POST_FORM, [url, fields, enctype])
        answer = await waiting.value
        return answer.status, await answer.json()

    async def cookies_it_sees(self) -> set[str]:
        seen: str = await self.page.evaluate("document.cookie")
        return {cookie.split("=")[0] for cookie in seen.split("; ") if cookie}


@asynccontextmanager
async def a_site() -> AsyncIterator[int]:
    """Serve an empty page at every path; its port is what the block gets."""
    app = FastAPI()

    @app.get("/{path:path}")
    async def page() -> HTMLResponse:
        return HTMLResponse("<!doctype html><title>A page</title><body></body>")

    async with served(app) as url:
        yield int(url.rpartition(":")[2])
