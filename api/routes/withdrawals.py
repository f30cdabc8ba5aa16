"""/wallet/withdrawals: money to the caller's bank account. It moves in a workflow, not here."""

import base64
from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter, Response, status

from api import paths
from api.commands.failures import Closed
from api.deps import Caller, CurrentUser, Held, Idempotent, Services, Session
from api.idempotency import Attempt
from api.pages import Cursor, Limit, cut, key_in
from api.paths import PREFIX
from api.refusals import LATER, refusals
from api.schemas.common import Page
from api.schemas.withdrawals import NewWithdrawalIn, WithdrawalOut
from domain import ids
from domain.errors import NotFound
from domain.iban import ending
from domain.withdrawal import NewWithdrawal, Withdrawal, check_amount
from models.queries import withdrawals

router = APIRouter(prefix=f"{PREFIX}/wallet/withdrawals", tags=["wallet"])


@router.post(
    "/",
    status_code=status.HTTP_201_CREATED,
    response_model=WithdrawalOut,
    responses=LATER
    | refusals(
        "not_authenticated",
        "csrf_failed",
        "insufficient_funds",
        "validation_error",
        "idempotency_key_reused",
        "payload_too_large",
        "unsupported_media_type",
        "engine_unavailable",
    ),
)
async def ask_withdrawal(
    body: NewWithdrawalIn, caller: CurrentUser, services: Held, idempotency: Idempotent
) -> Response:
    """Send money to an Iranian bank account. It leaves the wallet now; an operator decides."""

    async def ask(attempt: Attempt) -> WithdrawalOut:
        if attempt.is_first:
            check_amount(body.amount, services.withdrawal_minimum)
        new = _sealed(body, caller, services, attempt.resource_id)
        try:
            asked = await services.wallet.ask_withdrawal(new)
        except Closed:
            asked = await _stored(services, new.withdrawal_id)
        return WithdrawalOut.of(asked)

    return await idempotency.run(
        ask,
        status=status.HTTP_201_CREATED,
        poll=lambda attempt: paths.withdrawal(attempt.resource_id),
    )


def _sealed(
    body: NewWithdrawalIn, caller: Caller, services: Services, withdrawal_id: UUID
) -> NewWithdrawal:
    """Encrypt the account's number before anybody else hears of it."""
    sealed = services.ibans.encrypt(withdrawal_id, body.iban)
    return NewWithdrawal(
        withdrawal_id=withdrawal_id,
        user_id=caller.id,
        amount=body.amount,
        sealed_iban=base64.b64encode(sealed).decode(),
        iban_end=ending(body.iban),
        at=datetime.now(UTC),
        iban_index=base64.b64encode(services.iban_index.of(body.iban)).decode(),
    )


async def _stored(services: Services, withdrawal_id: UUID) -> Withdrawal:
    async with services.reads() as session:
        found = await withdrawals.find(session, withdrawal_id)
    if found is None:
        raise await services.wallet.refusal_of(ids.withdrawal_workflow(withdrawal_id))
    return found


@router.get("/", responses=refusals("not_authenticated", "validation_error"))
async def list_withdrawals(
    session: Session, caller: CurrentUser, limit: Limit = 20, cursor: Cursor = None
) -> Page[WithdrawalOut]:
    """List the caller's withdrawals, newest first."""
    before = key_in(cursor, UUID)
    rows = await withdrawals.page(session, user_id=caller.id, before=before, limit=limit + 1)
    shown, following = cut(rows, limit, lambda withdrawal: withdrawal.id)
    return Page(items=[WithdrawalOut.of(withdrawal) for withdrawal in shown], next=following)


@router.get("/{withdrawal_id}/", responses=refusals("not_authenticated", "not_found"))
async def read_withdrawal(
    withdrawal_id: UUID, session: Session, caller: CurrentUser
) -> WithdrawalOut:
    """Return one of the caller's withdrawals."""
    found = await withdrawals.find(session, withdrawal_id)
    if found is None or found.user_id != caller.id:
        raise NotFound("There is no such withdrawal.")
    return WithdrawalOut.of(found)
