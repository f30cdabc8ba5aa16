"""/auth/password/change: another password for one's account."""

from uuid import UUID

from fastapi import APIRouter, Response, status

from api.deps import Caller, CurrentUser, Held, Idempotent, Services
from api.idempotency import Attempt
from api.limits.limited import limited_by_account
from api.origin import FromCaller
from api.paths import PREFIX
from api.refusals import refusals
from api.schemas.passwords import PasswordChange
from domain.audit import AuditAction, AuditLine, Origin
from domain.errors import InvalidCredentials
from domain.limits import Traffic
from domain.messages.notice import Notice, NoticeKind
from models.queries import account_tokens, audit, messages, sessions, users

router = APIRouter(prefix=f"{PREFIX}/auth/password", tags=["auth"])
_BODY = ("validation_error", "payload_too_large", "unsupported_media_type")


@router.post(
    "/change/",
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,
    responses=refusals(
        "not_authenticated", "invalid_credentials", "csrf_failed", "idempotency_key_reused", *_BODY
    ),
    dependencies=[limited_by_account(Traffic.CODE)],
)
async def change_password(
    body: PasswordChange,
    caller: CurrentUser,
    origin: FromCaller,
    services: Held,
    idempotency: Idempotent,
) -> Response:
    """Change one's password. All other logins of the account end; this one goes on.

    An account that logs in through a provider only has no password to change: it gets its first
    one by a reset.
    """

    async def change(attempt: Attempt) -> None:
        async with services.reads() as session:
            user = await users.get(session, caller.id)
        if not await _is_right(services, body.current_password, user.password_hash):
            # A repeat whose first try was done, but whose answer was lost, finds the new one there.
            if attempt.is_first or not await _is_right(
                services, body.new_password, user.password_hash
            ):
                raise InvalidCredentials("The current password is wrong.")
            return
        new = await services.passwords.hash_chosen(body.new_password, user.email, "/new_password")
        message_id = await _replace(services, caller, origin, (user.password_hash, new))
        await services.messages.start(message_id)

    return await idempotency.run(change, status=status.HTTP_204_NO_CONTENT)


async def _is_right(services: Services, password: str, stored: str | None) -> bool:
    return (await services.passwords.verify(password, stored)).is_right


async def _replace(
    services: Services, caller: Caller, origin: Origin, hashes: tuple[str | None, str]
) -> UUID:
    """Store the new hash, end what the old one allowed, and queue the message that says so."""
    line = AuditLine(AuditAction.PASSWORD_CHANGED, caller.id, f"user:{caller.id}", origin)
    async with services.sessions.begin() as session:
        if not await users.replace_password(session, caller.id, *hashes):
            raise InvalidCredentials("The password was changed by somebody else just now.")
        await sessions.revoke_all(session, caller.id, but=caller.session_id)
        # Whoever read the owner's mail meanwhile must not get in by a link that was sent before.
        await account_tokens.withdraw(session, caller.id, NoticeKind.PASSWORD_RESET)
        await audit.record(session, line)
        return await messages.queue(session, Notice(NoticeKind.PASSWORD_CHANGED, caller.id))
