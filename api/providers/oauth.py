"""A login at a provider, from the browser's leaving to its return."""

import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

from fastapi import Request, Response

from api.deps import Services
from api.providers.client import refusal_of
from api.providers.provider import Answer, Handshake
from domain.errors import LoginExpired, NotAuthenticated
from domain.identity import Identity, Provider
from models.queries import oauth_flows
from models.queries.oauth_flows import Claim, Flow

_LIFETIME: Final = timedelta(minutes=10)
_BROWSER: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Begun:
    """Where the browser goes now, and what it is to remember."""

    page: str = field(repr=False)
    browser: str = field(repr=False)


@dataclass(frozen=True)
class Return:
    """What the query of the callback says: anybody can have written it."""

    state: str = field(default="", repr=False)
    code: str | None = field(default=None, repr=False)
    issuer: str | None = None
    error: str | None = None


async def begin(
    services: Services,
    request: Request,
    provider: Provider,
    next_path: str,
    link_session_id: UUID | None = None,
) -> Begun:
    """Store a flow, and say where its browser logs in.

    Raises:
        NotFound: The provider is not offered.
        GatewayUnavailable: It cannot be asked where that is.
    """
    chosen = services.providers.get(provider)
    handshake = Handshake.new()
    page = await chosen.page(services.providers.redirect_uri(provider), handshake)
    # Two tabs share what the browser remembers, so that neither ends the other's login.
    browser = _browser_of(services, request) or secrets.token_urlsafe(32)
    flow = Flow(provider, handshake.nonce, handshake.verifier, next_path, link_session_id)
    async with services.sessions.begin() as session:
        await oauth_flows.begin(session, Claim(handshake.state, browser), flow, _LIFETIME)
    return Begun(page, browser)


async def claim(services: Services, request: Request, provider: Provider, state: str) -> Flow:
    """Return the flow that this browser began, once.

    Raises:
        LoginExpired: It did not begin it, it took too long, or it has been here before.
    """
    browser = _browser_of(services, request)
    if not state or browser is None:
        raise LoginExpired
    async with services.sessions.begin() as session:
        flow = await oauth_flows.claim(session, provider, Claim(state, browser))
    if flow is None:
        raise LoginExpired
    return flow


def check_session(services: Services, request: Request, flow: Flow) -> None:
    """Refuse to link in another login than the one that asked for it.

    Raises:
        NotAuthenticated: The browser shows no login, or a different one.
    """
    token = services.cookies.access_of(request)
    access = services.tokens.read(token)[0] if token else None
    if access is None or access.session_id != flow.link_session_id:
        raise NotAuthenticated("Linking ends in the login in which it was begun.")


async def identify(services: Services, flow: Flow, brought: Return) -> Identity:
    """Ask the provider who it was. No connection to the database is held meanwhile.

    Raises:
        IdentityRefused: The provider, or the person, said no; or what it says proves nothing.
        GatewayRefused: It does not take us.
        GatewayUnavailable: It is away.
    """
    if brought.code is None:
        raise refusal_of(flow.provider, brought.error or "access_denied")
    return await services.providers.get(flow.provider).identity(
        services.providers.redirect_uri(flow.provider),
        Answer(brought.code, brought.issuer),
        nonce=flow.nonce,
        verifier=flow.verifier,
    )


def remember(services: Services, response: Response, browser: str) -> None:
    """Have the browser show later that it was the one that began."""
    response.set_cookie(
        _cookie(services),
        browser,
        int(_LIFETIME.total_seconds()),
        path="/",
        secure=services.cookies.is_secure,
        httponly=True,
        samesite="lax",  # Strict would not be sent when the provider sends the browser back
    )


def _cookie(services: Services) -> str:
    return "__Host-oflow" if services.cookies.is_secure else "oflow"


def _browser_of(services: Services, request: Request) -> str | None:
    remembered = request.cookies.get(_cookie(services), "")
    return remembered if _BROWSER.fullmatch(remembered) else None
