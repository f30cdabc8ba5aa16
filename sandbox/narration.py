"""REST said aloud: who calls what, what the system answers, and how long that takes."""

import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from sandbox.errors import SandboxError

CHANGES = frozenset({"POST", "PATCH"})
Json = dict[str, Any]
TOKEN = "/api/v1/auth/token/"  # noqa: S105  (a path)


class DemoError(SandboxError):
    """The system did not do what the demo expects of it."""


class Narrator:
    """Prints the story; plain text unless a person watches a terminal."""

    def __init__(self) -> None:
        self._step = 0
        self._is_bold = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def step(self, text: str) -> None:
        self._step += 1
        self.title(f"{self._step}. {text}")

    def title(self, text: str) -> None:
        print("\n" + (f"\033[1m{text}\033[0m" if self._is_bold else text), flush=True)

    def line(self, text: str) -> None:
        print(f"   {text}", flush=True)

    def exchange(self, answer: httpx.Response, seconds: float) -> None:
        request = answer.request
        took = f"{seconds * 1000:5.0f} ms"
        self.line(f"{answer.status_code} {took}  {request.method} {request.url.raw_path.decode()}")

    def facts(self, facts: Mapping[str, Any]) -> None:
        for name, value in facts.items():
            self.line(f"              {name}: {_plain(value)}")


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@dataclass
class Speaker:
    """Makes requests of one server, for one person or for nobody in particular."""

    http: httpx.Client
    narrator: Narrator
    token: str | None = None

    def ask(self, method: str, path: str, body: object = None, *, expect: int = 200) -> Json:
        """Send a request and return the body of its answer.

        Raises:
            DemoError: The answer has another status than `expect`.
        """
        headers = {"Accept": "application/json"}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        # A login is not repeated but made anew, so it needs no name.
        if method in CHANGES and path != TOKEN:
            headers["Idempotency-Key"] = str(uuid4())
        request = self.http.build_request(method, path, json=body, headers=headers)
        found: Json = self.send(request, expect).json()
        return found

    def send(self, request: httpx.Request, expect: int) -> httpx.Response:
        began = time.monotonic()
        try:
            answer = self.http.send(request)
        except httpx.HTTPError as error:
            raise DemoError(f"{request.method} {request.url} was not answered: {error}") from error
        self.narrator.exchange(answer, time.monotonic() - began)
        if answer.status_code != expect:
            raise DemoError(
                f"{request.method} {request.url} was answered {answer.status_code}, "
                f"not {expect}:\n{answer.text}"
            )
        return answer


def check(is_so: bool, claim: str) -> None:  # noqa: FBT001  (it reads as a sentence)
    """Go on only if a claim of the story is true."""
    if not is_so:
        raise DemoError(f"This should be so, and is not: {claim}")
