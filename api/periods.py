"""Periods that a query names by two of its parameters, and those offered instead of a taken one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from api.problems import Refusal
from domain.calendar import HORIZON, Period, nearest_free, neighbourhood
from domain.errors import AssetUnavailable, DomainError, ValidationFailed
from domain.plan import LoanRequest
from models.database import Sessions
from models.queries import calendar


def period(starts_at: datetime, ends_at: datetime, parameter: str) -> Period:
    """Return a period that is neither empty nor endless; `parameter` is the one of its end.

    Raises:
        ValidationFailed: It ends before it begins, or is too long.
    """
    if ends_at <= starts_at:
        raise ValidationFailed(f"/query/{parameter}", "A period ends after it begins.")
    if ends_at - starts_at > HORIZON:
        raise ValidationFailed(f"/query/{parameter}", f"A period has at most {HORIZON.days} days.")
    return Period(starts_at, ends_at)


@asynccontextmanager
async def alternatives(reads: Sessions, request: LoanRequest) -> AsyncIterator[None]:
    """Tell who asks for a time that is taken when the asset is free, whoever refused it.

    Raises:
        Refusal: The asset is taken; with the nearest periods of the same length.
    """
    try:
        yield
    except (DomainError, Refusal) as error:
        if error.code != AssetUnavailable.code:
            raise
        free = await _nearest(reads, request)
        raise Refusal(error.code, str(error), error.facts, free) from error


async def _nearest(reads: Sessions, request: LoanRequest) -> tuple[Period, ...]:
    wish = Period(request.starts_at, request.ends_at)
    near = neighbourhood(wish, request.at)
    async with reads() as session:
        busy = await calendar.busy(session, request.asset_id, near)
    return nearest_free(wish, busy, near)
