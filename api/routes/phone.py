"""/auth/phone/verify: a code by SMS proves that a phone number is its account's."""

from dataclasses import replace

from fastapi import APIRouter, Response, status

from api.accounts import addresses
from api.deps import Caller, CurrentUser, Held, Idempotent, Services
from api.idempotency import Attempt
from api.limits.limited import limited_by_account
from api.origin import From
from api.paths import PREFIX
from api.refusals import refusals
from api.schemas.addresses import PhoneProof, Queued
from domain.audit import AuditAction, AuditLine, Origin
from domain.errors import IllegalTransition, ValidationFailed
from domain.limits import Traffic
from domain.messages.notice import Channel, Notice, NoticeKind
from models.queries import account_tokens, audit, users
from models.queries.account_tokens import Guess
from models.user import User

router = APIRouter(prefix=f"{PREFIX}/auth/phone/verify", tags=["auth"])
_BODY = ("validation_error", "payload_too_large", "unsupported_media_type")


@router.post(
    "/",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=Queued,
    responses=refusals(
        "not_authenticated",
        "csrf_failed",
        "illegal_transition",
        "validation_error",
        "idempotency_key_reused",
    ),
    dependencies=[limited_by_account(Traffic.CODE)],
)
async def ask_phone_verification(
    caller: CurrentUser, services: Held, idempotency: Idempotent
) -> Response:
    """Send a code to the phone number of one's profile. Once in half a minute.

    It has six digits and works once, for 10 minutes and 5 attempts; the one before works no more.
    """

    async def ask(attempt: Attempt) -> Queued:
        notice = Notice(NoticeKind.PHONE_CODE, caller.id, Channel.SMS)
        return await addresses.ask(services, caller.id, notice, attempt, _is_unproven)

    return await idempotency.run(ask, status=status.HTTP_202_ACCEPTED)


def _is_unproven(user: User) -> None:
    if user.phone is None:
        raise ValidationFailed("", "Your profile has no phone number; add it first.")
    if user.phone_verified:
        raise IllegalTransition("verify", "verified", "phone number")


@router.post(
    "/confirm/",
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,
    responses=refusals(
        "not_authenticated", "csrf_failed", "phone_taken", "idempotency_key_reused", *_BODY
    ),
    dependencies=[limited_by_account(Traffic.CODE)],
)
async def confirm_phone(
    body: PhoneProof, caller: CurrentUser, origin: From, services: Held, idempotency: Idempotent
) -> Response:
    """Take the code. A number belongs to the one account that has proven it."""

    async def confirm(attempt: Attempt) -> None:
        # A wrong code is committed too: it has used up an attempt.
        guess = await _guess(services, caller, body.code, attempt)
        if not guess.is_right or not await _prove(services, caller, origin, guess, attempt):
            raise addresses.not_valid("/code")

    return await idempotency.run(confirm, status=status.HTTP_204_NO_CONTENT)


async def _guess(services: Services, caller: Caller, code: str, attempt: Attempt) -> Guess:
    digest = services.secrets.code_digest(caller.id, code)
    kind = NoticeKind.PHONE_CODE
    async with services.sessions.begin() as session:
        return await account_tokens.guess(session, caller.id, kind, digest, attempt.resource_id)


async def _prove(
    services: Services, caller: Caller, origin: Origin, guess: Guess, attempt: Attempt
) -> bool:
    """Note that the number is the caller's; False if it has another one since the code was sent."""
    where = replace(origin, session_id=caller.session_id)
    line = AuditLine(AuditAction.PHONE_VERIFIED, caller.id, f"user:{caller.id}", where)
    async with services.sessions.begin() as session:
        if not await users.prove_phone(session, caller.id, guess.target):
            return False
        await audit.record(session, line, attempt.resource_id)
    return True
