"""Runs by their seed, each in a database of its own; and how a failing one is cut down."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from uuid import UUID, uuid4

from sqlalchemy import create_engine as create_sync_engine
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.asset import Asset, Handover
from domain.cancellation import CancellationPolicy
from models.database import Sessions, create_engine, psycopg_url, sessions_of
from models.user import UserRole
from tests import given
from tests.conftest import PRISTINE, as_application
from tests.properties.journey import Journey
from tests.properties.loan_moves import People
from tests.properties.model import Model
from tests.properties.moves import KINDS, LENDING, Move, moves
from tests.properties.world import World

STEPS = 250  # more in one database would mostly make the proofs slower
SHRINKING_S = 45.0
MONEY = Decimal(500_000)  # of each user at first: enough for a loan, not for all that is tried
USERS, OPERATORS = 5, 2
TERMS = (
    ("33333.33", "50000", Handover.INSTANT, CancellationPolicy.STRICT),
    ("20000.01", "70000.10", Handover.CONFIRMED, CancellationPolicy.MODERATE),
    ("45000", "30000", Handover.CONFIRMED, CancellationPolicy.STRICT),
    ("10000", "90000", Handover.CONFIRMED, CancellationPolicy.FLEXIBLE),
)


@dataclass(frozen=True)
class Runs:
    superuser_url: str
    proving: bool = True

    async def check(self, seed: int) -> Counter[str]:
        """Make one run and count what happened in it; a run that fails is cut down first."""
        made = moves(Random(seed), 2 * STEPS, LENDING if seed % 2 else KINDS)
        journey, error = await self._run(made)
        if error is None:
            return journey.seen
        shortest = await self._shrunk(made[: journey.moves], error)
        raise AssertionError(f"repeat with --seed {seed}; the shortest run:") from shortest

    async def _shrunk(self, made: Sequence[Move], error: Exception) -> Exception:
        """Take out as many moves as can be missed, large pieces first, for a while."""
        until, size = time.monotonic() + SHRINKING_S, len(made) // 2
        while size and time.monotonic() < until:
            start = 0
            while start < len(made) and time.monotonic() < until:
                journey, failure = await self._run([*made[:start], *made[start + size :]])
                if failure is None:
                    start += size
                else:
                    made, error = [*made[:start], *made[start + size :]][: journey.moves], failure
            size //= 2
        return error

    async def _run(self, made: Sequence[Move]) -> tuple[Journey, Exception | None]:
        async with self._database() as engine:
            journey = await _start(engine)
            journey.proving = self.proving
            try:
                await journey.top_up(MONEY)
                await journey.go(made, STEPS)
            except Exception as error:  # noqa: BLE001  (whatever it is, it is reported)
                return journey, error
        return journey, None

    @asynccontextmanager
    async def _database(self) -> AsyncIterator[AsyncEngine]:
        name = f"run_{uuid4().hex}"
        admin = create_sync_engine(psycopg_url(self.superuser_url), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {PRISTINE}"))
        url = self.superuser_url.rpartition("/")[0] + f"/{name}"
        engine = create_engine(as_application(url), pool_size=4)
        yield engine
        await engine.dispose()
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


async def _start(engine: AsyncEngine) -> Journey:
    sessions = sessions_of(engine)
    users = [await _user(sessions, number) for number in range(1, USERS + 1)]
    operators = [await _user(sessions, 100 + number) for number in range(OPERATORS)]
    assets = [
        await given.a_stored_asset(
            sessions,
            id=UUID(int=1000 + number),
            owner_id=users[number % 3],
            daily_fee=Decimal(daily_fee),
            deposit=Decimal(deposit),
            handover=handover,
            cancellation_policy=policy,
        )
        for number, (daily_fee, deposit, handover, policy) in enumerate(TERMS)
    ]
    model = Model(
        _by_id(assets),
        active=frozenset([*users[:-1], *operators]),
        operators=frozenset([users[0], *operators]),
    )
    return Journey(World(engine), model, People(users, operators))


async def _user(sessions: Sessions, number: int) -> UUID:
    """Store somebody. The first and the last user are operators; the last is no longer active."""
    role = UserRole.OPERATOR if number in {1, USERS} or number >= 100 else UserRole.USER
    return await given.a_user(sessions, id=UUID(int=number), role=role, is_active=number != USERS)


def _by_id(assets: Sequence[Asset]) -> dict[UUID, Asset]:
    return {asset.id: asset for asset in assets}
