"""/notifications: what one was told, and which of it one wants by which channel."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Response

from api.deps import CurrentUser, Held, Idempotent, Session
from api.idempotency import Attempt
from api.pages import Cursor, Limit, cut, key_in
from api.paths import PREFIX
from api.refusals import refusals
from api.schemas.common import Nothing, Page
from api.schemas.notifications import NotificationOut, Preferences
from models.queries import message_log, preferences, users
from models.queries.message_log import MessageFilter

router = APIRouter(prefix=f"{PREFIX}/notifications", tags=["notifications"])
_BODY = ("csrf_failed", "validation_error", "payload_too_large", "unsupported_media_type")


@router.get("/", responses=refusals("not_authenticated", "validation_error"))
async def list_notifications(
    session: Session, caller: CurrentUser, limit: Limit = 20, cursor: Cursor = None
) -> Page[NotificationOut]:
    """List what one was told, newest first: an entry for each message, by whichever channel."""
    mine = MessageFilter(user_id=caller.id)
    before = key_in(cursor, UUID)
    rows = await message_log.page(session, mine, before=before, limit=limit + 1)
    shown, following = cut(rows, limit, lambda logged: logged[0].id)
    return Page(items=[NotificationOut.of(logged) for logged in shown], next=following)


@router.get("/preferences/", responses=refusals("not_authenticated"))
async def read_preferences(session: Session, caller: CurrentUser) -> Preferences:
    """Return for each kind of message and each channel whether one gets it, and one's quiet hours.

    What concerns the account itself is locked: nobody can switch it off.
    """
    return Preferences.of(await preferences.get(session, caller.id))


@router.put("/preferences/", responses=refusals("not_authenticated", "preference_locked", *_BODY))
async def change_preferences(body: Preferences, caller: CurrentUser, services: Held) -> Preferences:
    """Choose what one wants: those preferences that are sent, the others stay as they are."""
    choices = body.choices()
    async with services.sessions.begin() as session:
        # Two of one's own devices take turns.
        await users.lock(session, caller.id)
        await preferences.choose(session, caller.id, choices)
        if "quiet_hours" in body.model_fields_set:
            hours = body.quiet_hours.value() if body.quiet_hours else None
            await preferences.be_quiet(session, caller.id, hours)
        return Preferences.of(await preferences.get(session, caller.id))


@router.patch(
    "/{notification_id}/read/",
    response_model=NotificationOut,
    responses=refusals("not_authenticated", "not_found", "idempotency_key_reused", *_BODY),
)
async def mark_notification_read(
    notification_id: UUID,
    caller: CurrentUser,
    services: Held,
    idempotency: Idempotent,
    _: Annotated[Nothing | None, Body()] = None,
) -> Response:
    """Note that one has read it. `read_at` is the first time, however often this is said."""

    async def read(_: Attempt) -> NotificationOut:
        async with services.sessions.begin() as session:
            return NotificationOut.of(await message_log.read(session, notification_id, caller.id))

    return await idempotency.run(read)
