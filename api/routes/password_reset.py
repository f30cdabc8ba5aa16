"""/auth/password/reset: a link for who forgot a password, or never had one."""

from uuid import UUID

from fastapi import APIRouter, Request, Response, status

from api.accounts import addresses, identity_links
from api.deps import AnonymousIdempotent, Held, Services
from api.idempotency import Attempt
from api.limits.limited import limited
from api.origin import From
from api.paths import PREFIX
from api.policy import everyone, own
from api.refusals import refusals
from api.schemas.addresses import ForgottenPassword, PasswordReset, Queued
from domain.audit import AuditAction, AuditLine, Origin
from domain.limits import Traffic
from domain.messages.notice import Notice, NoticeKind
from models.account_secrets import token_digest
from models.queries import account_tokens, audit, messages, sessions, users
from models.user import User

router = APIRouter(prefix=f"{PREFIX}/auth/password/reset", tags=["auth"])
_BODY = ("validation_error", "payload_too_large", "unsupported_media_type")


@router.post(
    "/",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=Queued,
    responses=refusals("csrf_failed", "idempotency_key_reused", *_BODY),
    dependencies=[limited(Traffic.RESET)],
)
@everyone
async def ask_password_reset(
    body: ForgottenPassword, request: Request, services: Held, idempotency: AnonymousIdempotent
) -> Response:
    """Send a link, if the address is somebody's. The answer is the same in any case.

    It leads to `/reset-password?token=` of the frontend and works once, for 30 minutes.
    """
    await services.limits.count(request, Traffic.RESET_ACCOUNT, body.email)

    async def ask(attempt: Attempt) -> Queued:
        # Whose address it is, a worker finds out: here nothing differs, and nothing takes longer.
        notice = Notice(NoticeKind.PASSWORD_RESET, None, address=body.email)
        async with services.sessions.begin() as session:
            message_id = await messages.queue(session, notice, attempt.resource_id)
        await services.messages.start(message_id)
        return Queued()

    return await idempotency.run(ask, status=status.HTTP_202_ACCEPTED)


@router.post(
    "/confirm/",
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,
    responses=refusals("csrf_failed", "idempotency_key_reused", *_BODY),
    dependencies=[limited(Traffic.RESET)],
)
@own
async def reset_password(
    body: PasswordReset, origin: From, services: Held, idempotency: AnonymousIdempotent
) -> Response:
    """Set a new password. All logins of the account end, and it does not log in."""

    async def confirm(attempt: Attempt) -> None:
        digest = token_digest(body.token)
        user = await _owner(services, digest)
        new = await services.passwords.hash_chosen(body.new_password, user.email, "/new_password")
        message_id = await _replace(services, (user.id, digest), new, origin, attempt)
        await services.messages.start(message_id)

    return await idempotency.run(confirm, status=status.HTTP_204_NO_CONTENT)


async def _owner(services: Services, digest: bytes) -> User:
    """Return whose link this is. No connection is held while argon2 works afterwards."""
    async with services.reads() as session:
        user_id = await account_tokens.owner(session, NoticeKind.PASSWORD_RESET, digest)
        user = await users.get(session, user_id) if user_id else None
    if user is None or not user.is_active:
        raise addresses.not_valid("/token")
    return user


async def _replace(
    services: Services, proof: tuple[UUID, bytes], new: str, origin: Origin, attempt: Attempt
) -> UUID:
    """Use the link up, store the new hash, end all logins, and queue the message that says so."""
    (user_id, digest), command = proof, attempt.resource_id
    line = AuditLine(AuditAction.PASSWORD_RESET, user_id, f"user:{user_id}", origin)
    async with services.sessions.begin() as session:
        kind = NoticeKind.PASSWORD_RESET
        if await account_tokens.use(session, kind, digest, command) is None:
            raise addresses.not_valid("/token")
        await users.set_password_hash(session, user_id, new)
        await sessions.revoke_all(session, user_id)
        if await users.prove_email(session, user_id):
            await identity_links.distrust(session, user_id, origin)
        await audit.record(session, line, command)
        return await messages.queue(session, Notice(NoticeKind.PASSWORD_CHANGED, user_id), command)
