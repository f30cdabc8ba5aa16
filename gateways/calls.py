"""How calls over HTTP fail, and how their answers are read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import httpx

from gateways.errors import OutcomeUnknown, Unavailable

CONNECT_LIMIT: Final = timedelta(seconds=5)
ANSWER_LIMIT: Final = timedelta(seconds=15)
TIMEOUT: Final = httpx.Timeout(ANSWER_LIMIT.total_seconds(), connect=CONNECT_LIMIT.total_seconds())
# Each of these happens before the first byte of a request leaves this machine.
NOT_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)


@asynccontextmanager
async def calling(operation: str) -> AsyncIterator[None]:
    """Limit a call in time, and sort its failures by whether it may have had its effect."""
    try:
        # httpx limits each wait for a byte; only this limit ends an answer that drips.
        async with asyncio.timeout(ANSWER_LIMIT.total_seconds()):
            yield
    except NOT_SENT as error:
        raise Unavailable(f"{operation}: {type(error).__name__}") from None
    except (httpx.RequestError, TimeoutError) as error:
        # Without its cause, whose text may name the address that was called, and a key in it.
        raise OutcomeUnknown(f"{operation}: {type(error).__name__}") from None


def decode(response: httpx.Response) -> dict[str, object]:
    """Return the JSON object of an answer; of anything else an empty one."""
    try:
        found = response.json()
    except (ValueError, RecursionError):  # not JSON, not text, or nested without end
        return {}
    return found if isinstance(found, dict) else {}


def whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
