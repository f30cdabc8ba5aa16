"""How often each address and account may ask: decided in PostgreSQL, alike for all processes."""

import asyncio
import hashlib
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NamedTuple, TypeVar

import structlog
from fastapi import Request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import Scope

from api.accounts.tokens import Access
from api.limits.reserves import Reserves
from domain.errors import RateLimited
from domain.limits import Rate, Traffic
from models.database import Sessions
from models.queries import limits, sessions
from models.queries.limits import Charge, Taken
from models.queries.sessions import Holder

Decided = TypeVar("Decided")
# A decision takes a millisecond. One that does not come must not hold up what it guards, and
# after one that did not come the next are not waited for either.
_PATIENCE_S: Final = 1.0
_PAUSE_S: Final = 5.0
# Of many reads a share is counted at once: a statement that only reads is the cheaper one.
_SHARES: Final = 200
log = structlog.get_logger("api")


class Standing(NamedTuple):
    """How a client stands with a limit after a request was counted."""

    traffic: Traffic
    rate: Rate
    until_full: timedelta


@dataclass
class RateLimits:
    """Counts requests. When there is no answer about a limit they pass, and the log says so.

    Attributes:
        secret: Hashes whose requests are counted, so that the table names nobody.
        reads: Where each statement is its own transaction.
    """

    rates: Mapping[Traffic, Rate]
    secret: bytes
    reads: Sessions
    _reserves: Reserves = field(default_factory=Reserves, init=False)
    _waived_until: float = field(default=0.0, init=False)

    async def count(self, request: Request, traffic: Traffic, whose: str) -> None:
        """Count a request.

        Raises:
            RateLimited: There was none left.
        """
        if self._is_waived:
            return
        charge = self._charge(traffic, whose)
        try:
            async with self.reads() as session:
                taken = await _in_time(session, lambda: limits.take(session, charge))
        except (DBAPIError, PoolTimeout, TimeoutError) as error:
            self._waive(error)
        else:
            _settle(request.scope, charge, taken)

    async def holder_of(
        self, request: Request, session: AsyncSession, access: Access, traffic: Traffic
    ) -> Holder | None:
        """Return whose login a token is of, and count their request, in one round trip.

        Raises:
            RateLimited: There was none left.
        """
        if self._is_waived:
            return await sessions.holder_of(session, access.session_id)
        charge = self._charge(traffic, access.user_id.hex)
        until_full = self._reserves.spend(charge.key, charge.rate.emission)
        if until_full is not None:
            _settle(request.scope, charge, Taken(1, until_full))
            return await sessions.holder_of(session, access.session_id)
        await session.connection()  # without a database there is more to say than of a limit
        try:
            found = await _in_time(
                session, lambda: limits.holder_who_takes(session, access.session_id, charge)
            )
        except (DBAPIError, TimeoutError) as error:
            self._waive(error)
            await session.rollback()
            return await sessions.holder_of(session, access.session_id)
        if found is None:
            return None
        holder, taken = found
        ahead = max(taken.number - 1, 0)
        self._reserves.keep(charge.key, ahead, taken.until_full)
        mine = taken.until_full - ahead * charge.rate.emission
        _settle(request.scope, charge, Taken(taken.number, mine))
        return holder

    def _charge(self, traffic: Traffic, whose: str) -> Charge:
        rate = self.rates[traffic]
        # With its rate: what was used up under another one would be worth something else here.
        text = f"{traffic} {rate.emission} {rate.count} {whose}".encode()
        key = hashlib.blake2b(text, key=self.secret, digest_size=16).digest()
        number = max(rate.count // _SHARES, 1) if traffic is Traffic.READ else 1
        return Charge(traffic, key, rate, number)

    @property
    def _is_waived(self) -> bool:
        return time.monotonic() < self._waived_until

    def _waive(self, error: Exception) -> None:
        log.warning("rate_limits_waived", reason=type(error).__name__, seconds=_PAUSE_S)
        self._waived_until = time.monotonic() + _PAUSE_S


async def _in_time(session: AsyncSession, decide: Callable[[], Awaitable[Decided]]) -> Decided:
    # Had before the clock runs: a connection that is cancelled while it is made is nobody's.
    await session.connection()
    async with asyncio.timeout(_PATIENCE_S):
        return await decide()


def _settle(scope: Scope, charge: Charge, taken: Taken) -> None:
    standing = Standing(charge.traffic, charge.rate, taken.until_full)
    scope.setdefault("state", {}).setdefault("standings", []).append(standing)
    if not taken.number:
        raise RateLimited(charge.rate.wait(taken.until_full))


def headers_of(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Tell the client where it stands, as draft-ietf-httpapi-ratelimit-headers has it."""
    standings: list[Standing] = scope.get("state", {}).get("standings", [])
    if not standings:
        return []
    policies = ", ".join(
        f'"{one.traffic}";q={one.rate.count};w={math.ceil(one.rate.per.total_seconds())}'
        for one in standings
    )
    left = ", ".join(
        f'"{one.traffic}";r={one.rate.left(one.until_full)}'
        f";t={math.ceil(max(one.until_full.total_seconds(), 0))}"
        for one in standings
    )
    return [(b"ratelimit-policy", policies.encode()), (b"ratelimit", left.encode())]
