"""/auth/email/verify: a link proves that an account's e-mail address is read by its owner."""

from fastapi import APIRouter, Response, status

from api.accounts import addresses
from api.deps import AnonymousIdempotent, CurrentUser, Held, Idempotent
from api.idempotency import Attempt
from api.limits.limited import limited, limited_by_account
from api.origin import From
from api.paths import PREFIX
from api.policy import own
from api.refusals import refusals
from api.schemas.addresses import EmailProof, Queued
from domain.audit import AuditAction, AuditLine
from domain.errors import IllegalTransition
from domain.limits import Traffic
from domain.messages.notice import Notice, NoticeKind
from models.account_secrets import token_digest
from models.queries import account_tokens, audit, users
from models.user import User

router = APIRouter(prefix=f"{PREFIX}/auth/email/verify", tags=["auth"])
_BODY = ("validation_error", "payload_too_large", "unsupported_media_type")


@router.post(
    "/",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=Queued,
    responses=refusals(
        "not_authenticated", "csrf_failed", "illegal_transition", "idempotency_key_reused"
    ),
    dependencies=[limited_by_account(Traffic.CODE)],
)
async def ask_email_verification(
    caller: CurrentUser, services: Held, idempotency: Idempotent
) -> Response:
    """Send the link again; the one before works no more. Once in half a minute.

    It leads to `/verify-email?token=` of the frontend and works once, for 24 hours.
    """

    async def ask(attempt: Attempt) -> Queued:
        notice = Notice(NoticeKind.EMAIL_VERIFICATION, caller.id)
        return await addresses.ask(services, caller.id, notice, attempt, _is_unproven)

    return await idempotency.run(ask, status=status.HTTP_202_ACCEPTED)


def _is_unproven(user: User) -> None:
    if user.email_verified:
        raise IllegalTransition("verify", "verified", "mail address")


@router.post(
    "/confirm/",
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,
    responses=refusals("csrf_failed", "idempotency_key_reused", *_BODY),
    dependencies=[limited(Traffic.RESET)],
)
@own
async def confirm_email(
    body: EmailProof, origin: From, services: Held, idempotency: AnonymousIdempotent
) -> Response:
    """Take the token of the link. Nobody has to be logged in where they read their e-mail."""

    async def confirm(attempt: Attempt) -> None:
        kind, digest = NoticeKind.EMAIL_VERIFICATION, token_digest(body.token)
        async with services.sessions.begin() as session:
            user_id = await account_tokens.use(session, kind, digest, attempt.resource_id)
            if user_id is None:
                raise addresses.not_valid("/token")
            if await users.prove_email(session, user_id):
                line = AuditLine(AuditAction.EMAIL_VERIFIED, user_id, f"user:{user_id}", origin)
                await audit.record(session, line)

    return await idempotency.run(confirm, status=status.HTTP_204_NO_CONTENT)
