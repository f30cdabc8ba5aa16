"""/auth: accounts and logins. The rules of logins are in api/accounts/logins.py."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Request, Response, status

from api.accounts import logins, rotation
from api.accounts.logins import Login
from api.deps import AnonymousIdempotent, CurrentUser, Held, Idempotent, Services, Session
from api.idempotency import Attempt
from api.limits.limited import limited
from api.origin import From
from api.paths import PREFIX
from api.policy import everyone, own
from api.problems import Refusal, render
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
from domain.audit import AuditAction, AuditLine
from domain.errors import JustRefreshed, NotAuthenticated, TokenReused
from domain.limits import Traffic
from domain.messages.notice import Notice, NoticeKind
from models.queries import audit, messages, users

router = APIRouter(prefix=f"{PREFIX}/auth", tags=["auth"])
_BODY = ("validation_error", "payload_too_large", "unsupported_media_type")


@router.post(
    "/register/",
    status_code=status.HTTP_201_CREATED,
    response_model=UserOut,
    responses=refusals("email_taken", "csrf_failed", "idempotency_key_reused", *_BODY),
    dependencies=[limited(Traffic.REGISTER)],
)
@everyone
async def register(
    body: Registration, origin: From, services: Held, idempotency: AnonymousIdempotent
) -> Response:
    """Make an account. It does not log in."""

    async def make(attempt: Attempt) -> UserOut:
        password_hash = await services.passwords.hash_chosen(body.password, body.email, "/password")
        async with services.sessions.begin() as session:
            user = await users.insert_once(
                session,
                attempt.resource_id,
                email=body.email,
                full_name=body.full_name,
                password_hash=password_hash,
                locale=body.locale,
                sealed=services.personal.sealed_phone(attempt.resource_id, body.phone),
            )
            line = AuditLine(AuditAction.REGISTERED, user.id, f"user:{user.id}", origin)
            await audit.record(session, line, attempt.resource_id)
            # The account's own name names its first message: a repeat sends no second one.
            welcome = Notice(NoticeKind.EMAIL_VERIFICATION, user.id)
            message_id = await messages.queue(session, welcome, attempt.resource_id)
        await services.messages.start(message_id)
        return UserOut.of(user, services.personal)

    return await idempotency.run(make, status=status.HTTP_201_CREATED)


@router.post(
    "/login/",
    responses=refusals("invalid_credentials", "csrf_failed", *_BODY),
    dependencies=[limited(Traffic.LOGIN)],
)
@everyone
async def login(
    body: Credentials, request: Request, response: Response, services: Held
) -> BrowserLogin:
    """Log in a browser: the tokens are set as cookies."""
    made = await logins.log_in(services, request, body.email, body.password)
    return _with_cookies(services, response, made)


@router.post(
    "/token/",
    responses=refusals("invalid_credentials", "csrf_failed", *_BODY),
    dependencies=[limited(Traffic.LOGIN)],
)
@everyone
async def create_token(
    body: Credentials, request: Request, response: Response, services: Held
) -> TokenPair:
    """Log in a client that keeps its tokens itself."""
    response.headers["Cache-Control"] = "no-store"
    return _pair(services, await logins.log_in(services, request, body.email, body.password))


@router.post(
    "/refresh/",
    response_model=BrowserLogin | TokenPair,
    responses=refusals("not_authenticated", "token_reused", "csrf_failed", *_BODY),
    dependencies=[limited(Traffic.REFRESH)],
)
@own
async def refresh(
    request: Request,
    origin: From,
    response: Response,
    services: Held,
    body: Annotated[Refresh, Body()] = Refresh(),  # noqa: B008  (frozen, and without a body)
) -> BrowserLogin | TokenPair | Response:
    """Exchange a refresh token for a new pair of the same kind.

    It works once. A second use within ten seconds is answered 401 and does no harm; a later one
    ends the session, and tells its owner. A browser's cookies are cleared with a login that ended.
    """
    if body.refresh_token is not None:
        response.headers["Cache-Control"] = "no-store"
        return _pair(services, await rotation.refresh(services, origin, body.refresh_token))
    token = services.cookies.refresh_of(request)
    if token is None:
        raise NotAuthenticated("There is no refresh token, in a cookie or in the body.")
    try:
        made = await rotation.refresh(services, origin, token)
    except JustRefreshed:
        raise  # the browser has, or is about to get, what another of its tabs received
    except (NotAuthenticated, TokenReused) as error:
        refused = render(request, Refusal.of(error))
        services.cookies.clear(refused)
        return refused
    return _with_cookies(services, response, made)


@router.get("/csrf/", responses=refusals("not_authenticated"))
async def read_csrf_token(caller: CurrentUser, services: Held) -> CsrfToken:
    """Return what a browser sends as X-CSRF-Token with every unsafe request of this login."""
    return CsrfToken(csrf_token=services.csrf.token(caller.session_id))


@router.get("/me/", responses=refusals("not_authenticated"))
async def read_me(session: Session, caller: CurrentUser, services: Held) -> UserOut:
    """Return the caller's own account."""
    return UserOut.of(await users.get(session, caller.id), services.personal)


@router.patch(
    "/me/",
    response_model=UserOut,
    responses=refusals(
        "not_authenticated", "csrf_failed", "national_id_taken", "idempotency_key_reused", *_BODY
    ),
)
async def change_me(
    body: Profile, caller: CurrentUser, services: Held, idempotency: Idempotent
) -> Response:
    """Change the caller's own name, phone number, national id or language."""

    async def change(_: Attempt) -> UserOut:
        async with services.sessions.begin() as session:
            user = await users.change(session, caller.id, **_stored(services, caller.id, body))
        return UserOut.of(user, services.personal)

    return await idempotency.run(change)


def _stored(services: Services, user_id: UUID, body: Profile) -> dict[str, str | bytes | None]:
    """Return the columns that a change of the profile is about."""
    changes: dict[str, str | bytes | None] = body.model_dump(exclude_unset=True)
    if "phone" in changes:
        changes |= services.personal.sealed_phone(user_id, body.phone)
    if "national_id" in changes:
        changes |= services.personal.sealed_national_id(user_id, body.national_id)
    return changes


def _with_cookies(services: Services, response: Response, made: Login) -> BrowserLogin:
    token = services.csrf.token(made.session_id)
    services.cookies.set(response, made.access_token, made.refresh_token, token)
    response.headers["Cache-Control"] = "no-store"
    return BrowserLogin(
        user=UserOut.of(made.user, services.personal),
        csrf_token=token,
        access_expires_at=made.access_expires_at,
    )


def _pair(services: Services, made: Login) -> TokenPair:
    return TokenPair(
        access_token=made.access_token,
        refresh_token=made.refresh_token,
        expires_in=int(services.tokens.lifetime.total_seconds()),
    )
