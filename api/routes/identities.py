"""/auth/identities: the accounts at other providers that open one's own account here."""

from fastapi import APIRouter, Request, Response, status

from api.accounts import identity_links
from api.deps import CurrentUser, Held, Session
from api.limits.limited import limited_by_account
from api.origin import From
from api.paths import PREFIX
from api.providers import oauth
from api.refusals import refusals
from api.schemas.common import Page
from api.schemas.identities import IdentityOut, LinkStart, LinkStarted
from domain.identity import Provider
from domain.limits import Traffic
from models.queries import identities

router = APIRouter(prefix=f"{PREFIX}/auth", tags=["auth"])


@router.get("/identities/", responses=refusals("not_authenticated"))
async def list_identities(session: Session, caller: CurrentUser) -> Page[IdentityOut]:
    """List what is linked to one's account, newest first: at most one of each provider."""
    linked = await identities.of_user(session, caller.id)
    return Page(items=[IdentityOut.of(row) for row in linked], next=None)


@router.post(
    "/oauth/{provider}/link/",
    response_model=LinkStarted,
    responses=refusals(
        "not_authenticated",
        "invalid_credentials",
        "csrf_failed",
        "recent_login_required",
        "not_found",
        "gateway_unavailable",
        "validation_error",
        "payload_too_large",
        "unsupported_media_type",
    ),
    dependencies=[limited_by_account(Traffic.CODE)],
)
async def link_identity(
    provider: Provider,
    body: LinkStart,
    request: Request,
    session: Session,
    caller: CurrentUser,
    services: Held,
) -> Response:
    """Begin to link an identity. This browser goes on at `redirect_url`, logged in as now.

    The login is younger than ten minutes, or the password comes with the request.
    """
    # The provider may be slow; the connection is for others meanwhile.
    await session.close()
    await identity_links.check_recent(services, caller, body.password)
    begun = await oauth.begin(services, request, provider, body.next, caller.session_id)
    started = LinkStarted(redirect_url=begun.page).model_dump_json()
    headers = {"Cache-Control": "no-store"}
    response = Response(started, media_type="application/json", headers=headers)
    oauth.remember(services, response, begun.browser)
    return response


@router.delete(
    "/identities/{provider}/",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals("not_authenticated", "csrf_failed", "not_found", "last_way_in"),
)
async def unlink_identity(
    provider: Provider, caller: CurrentUser, origin: From, services: Held
) -> None:
    """Unlink an identity. Logins that were begun with it go on; its owner is told."""
    await identity_links.unlink(services, caller, origin, provider)
