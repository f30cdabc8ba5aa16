"""Good clients: they repeat a write under its key until it is answered, and note the answer."""

import asyncio
from collections.abc import Awaitable, Collection
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from uuid import UUID, uuid4

import httpx

from chaos.journal import Journal, Json, Write, now
from sandbox.errors import SandboxError

API: Final = "/api/v1"
PATIENCE_S: Final = 240.0
_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 2.0
_REQUEST_TIMEOUT_S: Final = 20.0
_PASSWORD: Final = uuid4().hex

Told = TypeVar("Told")


class UnexpectedError(SandboxError):
    """A system that holds its promises would not have answered this, or would have answered."""


@dataclass
class Person:
    """Somebody with an account, and a journal of what they were told."""

    http: httpx.AsyncClient
    id: UUID
    email: str
    password: str
    journal: Journal
    token: str = field(default="", repr=False)
    told_to_wait_s: float = 0.0

    async def post(self, path: str, body: object, refusals: Collection[str] = ()) -> Json:
        return await self.write("POST", path, body, refusals)

    async def patch(self, path: str, body: object = None, refusals: Collection[str] = ()) -> Json:
        return await self.write("PATCH", path, body or {}, refusals)

    async def write(
        self, method: str, path: str, body: object, refusals: Collection[str] = ()
    ) -> Json:
        """Insist on a write until it is answered for good; return the body of the answer.

        Args:
            method: POST or PATCH.
            path: Below the API's prefix.
            body: To be sent as JSON.
            refusals: Codes of refusals that are right here; the body is then the problem.

        Raises:
            UnexpectedError: It was refused otherwise, or never answered.
        """
        key, first_at, tries = str(uuid4()), now(), 0
        while True:
            tries, last_at = tries + 1, now()
            answer = await self._try(method, path, body, key)
            if answer is not None:
                break
            await self._rest(f"{method} {path}", first_at, tries)
        found: Json = answer.json()
        write = Write(method, path, key, answer.status_code, found, tries, first_at, last_at, now())
        self.journal.writes.append(write)
        if not write.is_acknowledged and found.get("code") not in refusals:
            raise UnexpectedError(
                f"{method} {path} of {self.id} (key {key}, {tries} tries) was answered "
                f"{answer.status_code}: {answer.text[:400]}"
            )
        return found

    async def get(self, path: str) -> Json:
        """Insist on a read. What was acknowledged to somebody is there to be read."""
        first_at, tries = now(), 0
        while True:
            tries += 1
            answer = await self._try("GET", path, None, None)
            if answer is not None and answer.status_code == httpx.codes.OK:
                found: Json = answer.json()
                return found
            if answer is not None:
                raise UnexpectedError(
                    f"GET {path} of {self.id} was answered {answer.status_code}: "
                    f"{answer.text[:400]}"
                )
            await self._rest(f"GET {path}", first_at, tries)

    async def _try(
        self, method: str, path: str, body: object, key: str | None
    ) -> httpx.Response | None:
        """Send a request; None if there was no answer, or one that is not for good."""
        headers = {"Authorization": f"Bearer {self.token}"}
        headers |= {"Idempotency-Key": key} if key else {}
        self.told_to_wait_s = 0.0
        try:
            answer = await self.http.request(method, API + path, json=body, headers=headers)
        except httpx.TransportError as error:
            self.journal.repeats[type(error).__name__] += 1
            return None
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            await self.log_in()
        elif not _is_passing(answer):
            return answer
        self.told_to_wait_s = float(answer.headers.get("Retry-After", 0))
        self.journal.repeats[_reason(answer)] += 1
        return None

    async def _rest(self, what: str, since: float, tries: int) -> None:
        if now() - since > PATIENCE_S:
            raise UnexpectedError(
                f"{what} of {self.id} was not answered within {PATIENCE_S:.0f} s, "
                f"in {tries} tries: {dict(self.journal.repeats)}"
            )
        await asyncio.sleep(max(min(_PAUSE_S * tries, _LONGEST_PAUSE_S), self.told_to_wait_s))

    async def log_in(self) -> None:
        """Get a token: the one before has expired, or there was none."""
        credentials = {"email": self.email, "password": self.password}
        first_at, tries = now(), 0
        while True:
            tries += 1
            try:
                answer = await self.http.post(f"{API}/auth/token/", json=credentials)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == httpx.codes.OK:
                self.token = answer.json()["access_token"]
                return
            if answer is not None and not _is_passing(answer):
                raise UnexpectedError(f"{self.email} cannot log in: {answer.text[:400]}")
            await self._rest("POST /auth/token/", first_at, tries)


def _is_passing(answer: httpx.Response) -> bool:
    """Tell whether an answer says "not now", so that the same request is sent again."""
    if answer.is_server_error:
        # What the gateway did not open stays so under this key; another one is another payment.
        return _code(answer) not in {"gateway_refused", "gateway_unavailable"}
    return answer.status_code in {httpx.codes.ACCEPTED, httpx.codes.TOO_MANY_REQUESTS}


def _reason(answer: httpx.Response) -> str:
    """Name what kept a write from its end: a status, with the code of its problem."""
    return f"{answer.status_code} {_code(answer)}".strip()


def _code(answer: httpx.Response) -> str:
    """Return the code of a problem; empty where the answer is none."""
    is_problem = answer.headers.get("Content-Type") == "application/problem+json"
    return str(answer.json()["code"]) if is_problem else ""


async def join(http: httpx.AsyncClient, name: str) -> Person:
    """Register somebody new and log them in."""
    email = f"{name}-{uuid4().hex[:10]}@example.com"
    wish: dict[str, Any] = {"email": email, "password": _PASSWORD, "full_name": name.title()}
    answer = await http.post(
        f"{API}/auth/register/", json=wish, headers={"Idempotency-Key": str(uuid4())}
    )
    if answer.status_code != httpx.codes.CREATED:
        raise UnexpectedError(f"{email} cannot register: {answer.text[:400]}")
    user_id = UUID(answer.json()["id"])
    person = Person(http, user_id, email, _PASSWORD, Journal(user_id))
    await person.log_in()
    return person


async def at_once(*work: Awaitable[Told]) -> list[Told]:
    """Do several things at once, and let all of them end before one that failed is told of."""
    results = await asyncio.gather(*work, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]


def client(url: str) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    return httpx.AsyncClient(
        base_url=url, timeout=_REQUEST_TIMEOUT_S, limits=limits, trust_env=False
    )
