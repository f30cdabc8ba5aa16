"""/auth/sessions, /auth/logout: where one is logged in, and how that ends."""

from uuid import UUID

from fastapi import APIRouter, Response, status

from api.deps import Caller, CurrentUser, Held, Session
from api.origin import FromCaller
from api.pages import Cursor, Limit, cut, key_in
from api.paths import PREFIX
from api.refusals import refusals
from api.schemas.common import Page
from api.schemas.sessions import SessionOut
from domain.audit import AuditAction, AuditLine, Origin
from models.queries import audit, sessions

router = APIRouter(prefix=f"{PREFIX}/auth", tags=["auth"])


@router.post(
    "/logout/",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals("not_authenticated", "csrf_failed"),
)
async def logout(
    caller: CurrentUser, origin: FromCaller, response: Response, services: Held
) -> None:
    """End this login. Its access tokens stop working at once."""
    async with services.sessions.begin() as session:
        if await sessions.revoke(session, caller.session_id):
            await audit.record(session, _line(AuditAction.LOGOUT, caller, origin))
    services.cookies.clear(response)


@router.post(
    "/logout-all/",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals("not_authenticated", "csrf_failed"),
)
async def logout_all(
    caller: CurrentUser, origin: FromCaller, response: Response, services: Held
) -> None:
    """End every login of this account, this one included."""
    async with services.sessions.begin() as session:
        if number := await sessions.revoke_all(session, caller.id):
            line = _line(AuditAction.LOGOUT_ALL, caller, origin, sessions=str(number))
            await audit.record(session, line)
    services.cookies.clear(response)


@router.get("/sessions/", responses=refusals("not_authenticated", "validation_error"))
async def list_sessions(
    session: Session, caller: CurrentUser, limit: Limit = 20, cursor: Cursor = None
) -> Page[SessionOut]:
    """List where one is logged in, newest first."""
    before = key_in(cursor, UUID)
    rows = await sessions.page(session, caller.id, before=before, limit=limit + 1)
    shown, following = cut(rows, limit, lambda row: row.id)
    return Page(items=[SessionOut.of(row, caller.session_id) for row in shown], next=following)


@router.delete(
    "/sessions/{session_id}/",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals("not_authenticated", "csrf_failed", "not_found"),
)
async def revoke_session(
    session_id: UUID, caller: CurrentUser, origin: FromCaller, response: Response, services: Held
) -> None:
    """End one of one's own logins, on a lost phone perhaps. Its tokens stop working at once."""
    async with services.sessions.begin() as session:
        if await sessions.revoke_own(session, caller.id, session_id):
            ended = _line(AuditAction.SESSION_REVOKED, caller, origin, session=str(session_id))
            await audit.record(session, ended)
    if session_id == caller.session_id:
        services.cookies.clear(response)


def _line(action: AuditAction, caller: Caller, origin: Origin, **details: str) -> AuditLine:
    return AuditLine(action, caller.id, f"user:{caller.id}", origin, details)
