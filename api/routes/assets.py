"""/assets: what people lend. Anyone may look; owners change their own."""

from datetime import timedelta
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response, status
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from api.deps import Caller, CurrentUser, Held, Idempotent, MaybeCaller, Session
from api.idempotency import Attempt
from api.pages import Cursor, Limit, cut, key_in
from api.paths import PREFIX
from api.periods import period
from api.policy import everyone
from api.refusals import refusals
from api.schemas.assets import AssetChange, AssetOut, Availability, NewAsset
from api.schemas.common import Page, PeriodOut, TimeIn, Typed, Word
from domain.calendar import Period
from domain.errors import NotAuthenticated, NotFound, ValidationFailed
from models.queries import assets, calendar, catalogue

router = APIRouter(prefix=f"{PREFIX}/assets", tags=["assets"])
_LOGIN = ("not_authenticated", "csrf_failed")
_BODY = ("validation_error", "payload_too_large", "unsupported_media_type")
_LOOK_AHEAD: Final = timedelta(days=90)


async def _free(
    since: Annotated[
        TimeIn | None,
        Query(alias="available_from", description="Only what is free from then on ..."),
    ] = None,
    until: Annotated[
        TimeIn | None,
        Query(alias="available_to", description="... until then, at most 400 days later."),
    ] = None,
) -> Period | None:
    if since and until:
        return period(since, until, "available_to")
    if since or until:
        missing = "available_to" if since else "available_from"
        raise ValidationFailed(f"/query/{missing}", "A period has a beginning and an end.")
    return None


@router.get("/", responses=refusals("not_authenticated", "validation_error"))
@everyone
async def list_assets(  # noqa: PLR0913, PLR0917  (each is a filter of the list)
    session: Session,
    caller: MaybeCaller,
    free: Annotated[Period | None, Depends(_free)],
    q: Annotated[
        Typed | None,
        Query(description="Beginnings of words of the title or the description; all must be."),
    ] = None,
    category: Annotated[Word | None, Query()] = None,
    owner: Annotated[
        Literal["me"] | None, Query(description="The caller's own, unlisted ones included.")
    ] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[AssetOut]:
    """List what is on offer, newest first.

    Words are found however they are written: in large or small letters, with Arabic or Persian
    ی and ک, in Persian, Arabic or Latin digits, with or without marks and zero-width characters.
    """
    if owner and caller is None:
        raise NotAuthenticated("Log in to list your own assets.")
    rows = await catalogue.page(
        session,
        owner_id=caller.id if owner and caller else None,
        category=category,
        text=q or None,
        free=free,
        before=key_in(cursor, UUID),
        limit=limit + 1,
    )
    shown, following = cut(rows, limit, lambda row: row.id)
    return Page(items=[AssetOut.of(row) for row in shown], next=following)


@router.post(
    "/",
    status_code=status.HTTP_201_CREATED,
    response_model=AssetOut,
    responses=refusals(*_LOGIN, "idempotency_key_reused", *_BODY),
)
async def create_asset(
    body: NewAsset, caller: CurrentUser, services: Held, idempotency: Idempotent
) -> Response:
    """Offer something to lend."""

    async def make(attempt: Attempt) -> AssetOut:
        values = {"owner_id": caller.id, **body.model_dump()}
        async with services.sessions.begin() as session:
            return AssetOut.of(await assets.insert_once(session, attempt.resource_id, values))

    return await idempotency.run(make, status=status.HTTP_201_CREATED)


@router.get("/{asset_id}/", responses=refusals("not_authenticated", "not_found"))
@everyone
async def read_asset(asset_id: UUID, session: Session, caller: MaybeCaller) -> AssetOut:
    """Return one asset. An unlisted one is shown to its owner and to who asked to borrow it."""
    return AssetOut.of(await _seen_by(session, asset_id, caller))


@router.get(
    "/{asset_id}/availability/",
    responses=refusals("not_authenticated", "not_found", "validation_error"),
)
@everyone
async def read_availability(
    asset_id: UUID,
    session: Session,
    services: Held,
    caller: MaybeCaller,
    since: Annotated[TimeIn | None, Query(alias="from", description="Absent, it is now.")] = None,
    until: Annotated[
        TimeIn | None, Query(alias="to", description="Absent, it is 90 days after `from`.")
    ] = None,
) -> Availability:
    """Return when an asset is taken, to those who may see the asset.

    Every loan that touches the period, in order and whole: the first may begin before `from`, the
    last may end after `to`. The period has at most 400 days.
    """
    since = since or services.clock.now()
    asked = period(since, until or since + _LOOK_AHEAD, "to")
    await _seen_by(session, asset_id, caller)
    busy = await calendar.busy(session, asset_id, asked)
    return Availability(busy=[PeriodOut.of(taken) for taken in busy])


async def _seen_by(session: AsyncSession, asset_id: UUID, caller: Caller | None) -> Row[Any]:
    row = await assets.find(session, asset_id)
    if row is None or not await _may_see(session, row, caller):
        raise NotFound("There is no such asset.")
    return row


async def _may_see(session: AsyncSession, row: Row[Any], caller: Caller | None) -> bool:
    if row.is_listed:
        return True
    if caller is None:
        return False
    if caller.is_operator or row.owner_id == caller.id:
        return True
    return await assets.was_asked_for_by(session, row.id, caller.id)


@router.patch(
    "/{asset_id}/",
    response_model=AssetOut,
    responses=refusals(*_LOGIN, "not_found", "idempotency_key_reused", *_BODY),
)
async def change_asset(
    asset_id: UUID, body: AssetChange, caller: CurrentUser, services: Held, idempotency: Idempotent
) -> Response:
    """Change one's own asset. Tickets keep the terms under which they were asked for."""

    async def change(_: Attempt) -> AssetOut:
        changes = body.model_dump(exclude_unset=True)
        async with services.sessions.begin() as session:
            return AssetOut.of(await assets.change(session, asset_id, caller.id, changes))

    return await idempotency.run(change)


@router.delete(
    "/{asset_id}/",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(*_LOGIN, "not_found"),
)
async def unlist_asset(asset_id: UUID, caller: CurrentUser, services: Held) -> None:
    """Take one's own asset off the list. Loans that were agreed on go on."""
    async with services.sessions.begin() as session:
        await assets.change(session, asset_id, caller.id, {"is_listed": False})
