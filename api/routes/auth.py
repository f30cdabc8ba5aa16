"""/auth: accounts and logins. The rules of logins are in api/logins.py."""

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response, status

from api import logins
from api.deps import AnonymousIdempotent, CurrentUser, Held, Idempotent, Services, Session
from api.idempotency import Attempt
from api.logins import Login
from api.paths import PREFIX
from api.refusals import refusals
from api.schemas.auth import (
    BrowserLogin,
    Credentials,
    CsrfToken,
    Profile,
    Refresh,
    Registration,
    TokenPair,
    UserOut,
)
from domain.errors import NotAuthenticated
from models.queries import sessions, users

router = APIRouter(prefix=f"{PREFIX}/auth", tags=["auth"])
_BODY = ("validation_error", "payload_too_large", "unsupported_media_type")


@router.post(
    "/register/",
    status_code=status.HTTP_201_CREATED,
    response_model=UserOut,
    responses=refusals("email_taken", "idempotency_key_reused", *_BODY),
)
async def register(
    body: Registration, services: Held, idempotency: AnonymousIdempotent
) -> Response:
    """Make an account. It does not log in."""

    async def make(attempt: Attempt) -> UserOut:
        password_hash = await services.passwords.hash(body.password)
        async with services.sessions.begin() as session:
            user = await users.insert_once(
                session,
                attempt.resource_id,
                email=body.email,
                full_name=body.full_name,
                password_hash=password_hash,
                phone=body.phone,
                locale=body.locale,
            )
            return UserOut.of(user)

    return await idempotency.run(make, status=status.HTTP_201_CREATED)


@router.post("/login/", responses=refusals("invalid_credentials", *_BODY))
async def login(
    body: Credentials, request: Request, response: Response, services: Held
) -> BrowserLogin:
    """Log in a browser: the tokens are set as cookies."""
    made = await logins.log_in(services, request, body.email, body.password)
    return _with_cookies(services, response, made)


@router.post("/token/", responses=refusals("invalid_credentials", *_BODY))
async def create_token(
    body: Credentials, request: Request, response: Response, services: Held
) -> TokenPair:
    """Log in a client that keeps its tokens itself."""
    response.headers["Cache-Control"] = "no-store"
    return _pair(services, await logins.log_in(services, request, body.email, body.password))


@router.post("/refresh/", responses=refusals("not_authenticated", "token_reused", *_BODY))
async def refresh(
    request: Request,
    response: Response,
    services: Held,
    body: Annotated[Refresh, Body()] = Refresh(),  # noqa: B008  (frozen, and without a body)
) -> BrowserLogin | TokenPair:
    """Exchange a refresh token for a new pair of the same kind.

    It works once. A second use within ten seconds is answered 401 and does no harm; a later one
    ends the session.
    """
    if body.refresh_token is not None:
        response.headers["Cache-Control"] = "no-store"
        return _pair(services, await logins.refresh(services, body.refresh_token))
    token = services.cookies.refresh_of(request)
    if token is None:
        raise NotAuthenticated("There is no refresh token, in a cookie or in the body.")
    return _with_cookies(services, response, await logins.refresh(services, token))


@router.post(
    "/logout/",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals("not_authenticated", "csrf_failed"),
)
async def logout(caller: CurrentUser, response: Response, services: Held) -> None:
    """End this login. Its access tokens stop working at once."""
    async with services.sessions.begin() as session:
        await sessions.revoke(session, caller.session_id)
    services.cookies.clear(response)


@router.post(
    "/logout-all/",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals("not_authenticated", "csrf_failed"),
)
async def logout_all(caller: CurrentUser, response: Response, services: Held) -> None:
    """End every login of this account, this one included."""
    async with services.sessions.begin() as session:
        await sessions.revoke_all(session, caller.id)
    services.cookies.clear(response)


@router.get("/csrf/", responses=refusals("not_authenticated"))
async def read_csrf_token(caller: CurrentUser, services: Held) -> CsrfToken:
    """Return what a browser sends as X-CSRF-Token with every unsafe request of this login."""
    return CsrfToken(csrf_token=services.csrf.token(caller.session_id))


@router.get("/me/", responses=refusals("not_authenticated"))
async def read_me(session: Session, caller: CurrentUser) -> UserOut:
    """Return the caller's own account."""
    return UserOut.of(await users.get(session, caller.id))


@router.patch(
    "/me/",
    response_model=UserOut,
    responses=refusals("not_authenticated", "csrf_failed", "idempotency_key_reused", *_BODY),
)
async def change_me(
    body: Profile, caller: CurrentUser, services: Held, idempotency: Idempotent
) -> Response:
    """Change the caller's own name, phone number or language."""

    async def change(_: Attempt) -> UserOut:
        async with services.sessions.begin() as session:
            changes = body.model_dump(exclude_unset=True)
            return UserOut.of(await users.change(session, caller.id, **changes))

    return await idempotency.run(change)


def _with_cookies(services: Services, response: Response, made: Login) -> BrowserLogin:
    token = services.csrf.token(made.session_id)
    services.cookies.set(response, made.access_token, made.refresh_token, token)
    response.headers["Cache-Control"] = "no-store"
    return BrowserLogin(
        user=UserOut.of(made.user), csrf_token=token, access_expires_at=made.access_expires_at
    )


def _pair(services: Services, made: Login) -> TokenPair:
    return TokenPair(
        access_token=made.access_token,
        refresh_token=made.refresh_token,
        expires_in=int(services.tokens.lifetime.total_seconds()),
    )
