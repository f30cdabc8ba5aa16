"""/auth/oauth: logging in with an account at another provider.

Who comes here is a browser in the middle of a login, so it is sent on to the frontend whatever
happens; only who asks for JSON is told of a refusal directly.
"""

from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlencode, urlsplit

import structlog
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.exc import SQLAlchemyError

from api.accept import prefers
from api.accounts import identity_links, identity_logins
from api.accounts.logins import Login
from api.deps import Held, Services
from api.limits.limited import limited
from api.origin import origin_of
from api.paths import PREFIX
from api.policy import everyone, own
from api.problems import is_outage
from api.providers import oauth
from api.providers.oauth import Return
from api.refusals import Responses, refusals
from api.schemas.common import Page
from api.schemas.identities import NextPath, ProviderOut
from domain.errors import DomainError
from domain.identity import Provider
from domain.limits import Traffic
from models.queries.oauth_flows import Flow

router = APIRouter(prefix=f"{PREFIX}/auth/oauth", tags=["auth"])
_LOGIN_PAGE: Final = "/login"
_TOLD: Final = (DomainError, SQLAlchemyError)
_TO_PROVIDER: Final[Responses] = {HTTPStatus.FOUND.value: {"description": "To the provider."}}
_TO_FRONTEND: Final[Responses] = {
    HTTPStatus.SEE_OTHER.value: {"description": "To the frontend; `?error=` tells of a refusal."}
}
# The query holds what is good for one login.
_NOT_STORED: Final = {"Cache-Control": "no-store"}
log = structlog.get_logger("api")


@router.get("/", responses=refusals(), dependencies=[limited(Traffic.PUBLIC)])
@everyone
async def list_providers(services: Held) -> Page[ProviderOut]:
    """List the providers that one can log in with here."""
    site = f"{services.providers.api_url}{router.prefix}"
    offered = [
        ProviderOut(provider=one, login_url=f"{site}/{one}/login/")
        for one in services.providers.by_name
    ]
    return Page(items=offered, next=None)


@router.get(
    "/{provider}/login/",
    status_code=HTTPStatus.FOUND,
    response_class=RedirectResponse,
    responses=_TO_PROVIDER | _TO_FRONTEND | refusals("not_found", "gateway_unavailable"),
    dependencies=[limited(Traffic.LOGIN)],
)
@everyone
async def log_in_at_provider(
    provider: Provider,
    request: Request,
    services: Held,
    next_path: Annotated[
        NextPath, Query(alias="next", description="Where the frontend goes on afterwards.")
    ] = "/",
) -> Response:
    """Send a browser to log in at a provider. It has ten minutes."""
    try:
        begun = await oauth.begin(services, request, provider, next_path)
    except _TOLD as error:
        return _refused(services, request, _LOGIN_PAGE, error)
    response = RedirectResponse(begun.page, HTTPStatus.FOUND, headers=_NOT_STORED)
    oauth.remember(services, response, begun.browser)
    return response


async def _brought(
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str | None, Query(max_length=4096)] = None,
    iss: Annotated[str | None, Query(max_length=500)] = None,
    error: Annotated[str | None, Query(max_length=200)] = None,
) -> Return:
    return Return(state, code, iss, error)


@router.get(
    "/{provider}/callback/",
    status_code=HTTPStatus.SEE_OTHER,
    response_class=RedirectResponse,
    responses=_TO_FRONTEND
    | refusals(
        "login_expired",
        "not_authenticated",
        "identity_refused",
        "link_required",
        "identity_taken",
        "provider_linked",
        "email_unverified",
        "not_found",
        "gateway_refused",
        "gateway_unavailable",
    ),
    dependencies=[limited(Traffic.LOGIN)],
)
@own
async def finish_at_provider(
    provider: Provider,
    request: Request,
    services: Held,
    brought: Annotated[Return, Depends(_brought)],
) -> Response:
    """Take a browser back from a provider: log it in, or link the identity to its login.

    Works once, and in the browser that began. With `Accept: application/json` a refusal is a
    problem document; otherwise its code is in the query of the frontend's page.
    """
    try:
        flow = await oauth.claim(services, request, provider, brought.state)
    except _TOLD as error:
        return _refused(services, request, _LOGIN_PAGE, error)
    try:
        login = await _finish(services, request, flow, brought)
    except _TOLD as error:
        page = _LOGIN_PAGE if flow.link_session_id is None else flow.next_path
        return _refused(services, request, page, error)
    response = _to_frontend(services, flow.next_path)
    if login is not None:
        csrf = services.csrf.token(login.session_id)
        services.cookies.set(response, login.access_token, login.refresh_token, csrf)
    return response


async def _finish(
    services: Services, request: Request, flow: Flow, brought: Return
) -> Login | None:
    if flow.link_session_id is None:
        identity = await oauth.identify(services, flow, brought)
        return await identity_logins.log_in(services, request, identity)
    oauth.check_session(services, request, flow)
    identity = await oauth.identify(services, flow, brought)
    await identity_links.link(services, origin_of(request), flow.link_session_id, identity)
    return None


def _refused(
    services: Services, request: Request, page: str, error: DomainError | SQLAlchemyError
) -> Response:
    if prefers(request.headers.get("Accept"), "application/json", "text/html"):
        raise error
    if isinstance(error, DomainError):
        return _to_frontend(services, page, error=error.code)
    if not is_outage(error):
        raise error
    log.warning("oauth_without_database", reason=type(error).__name__)
    return _to_frontend(services, page, error="database_unavailable")


def _to_frontend(services: Services, page: str, **told: str) -> Response:
    """Send a browser on. `page` is a path, so it stays at the frontend whatever is in it."""
    url = urlsplit(f"{services.frontend_url}{page}")
    query = "&".join(filter(None, (url.query, urlencode(told))))
    target = url._replace(query=query).geturl()
    return RedirectResponse(target, HTTPStatus.SEE_OTHER, headers=_NOT_STORED)
