"""/ops/withdrawals: what operators do about money on its way to a bank account."""

from collections.abc import Sequence
from typing import Annotated, Final
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidTag
from fastapi import APIRouter, Body, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from api.deps import Held, Operator, Services, Session
from api.pages import Cursor, Limit, cut, key_in
from api.paths import PREFIX
from api.refusals import LATER, refusals
from api.schemas.common import Page
from api.schemas.withdrawals import (
    Approval,
    FailedAtBank,
    Iban,
    OperatorWithdrawalOut,
    PaidByBank,
    Rejection,
)
from api.withdrawal_desk import Deciding
from domain.withdrawal import Withdrawal, WithdrawalAction, WithdrawalStatus
from models.encrypted import EncryptedColumn
from models.queries import withdrawals
from workflows.messages import DecideWithdrawal, RecordPayout

log = structlog.get_logger("api")
router = APIRouter(prefix=f"{PREFIX}/ops/withdrawals", tags=["operators"])
_OPERATOR: Final = ("not_authenticated", "forbidden")
_MOVED: Final = LATER | refusals(
    *_OPERATOR,
    "csrf_failed",
    "not_found",
    "illegal_transition",
    "validation_error",
    "idempotency_key_reused",
    "payload_too_large",
    "unsupported_media_type",
    "engine_unavailable",
)


@router.get("/", responses=refusals(*_OPERATOR, "validation_error"))
async def list_all_withdrawals(
    session: Session,
    services: Held,
    _: Operator,
    status: Annotated[WithdrawalStatus | None, Query()] = None,
    iban: Annotated[Iban | None, Query(description="All to one account, whoever asked.")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[OperatorWithdrawalOut]:
    """List everybody's withdrawals, newest first, with the accounts to pay to."""
    before = key_in(cursor, UUID)
    index = services.iban_index.of(iban) if iban else None
    rows = await withdrawals.page(
        session, status=status, iban_index=index, before=before, limit=limit + 1
    )
    shown, following = cut(rows, limit, lambda withdrawal: withdrawal.id)
    return Page(items=await _in_full(session, services, shown), next=following)


@router.get("/{withdrawal_id}/", responses=refusals(*_OPERATOR, "not_found"))
async def read_any_withdrawal(
    withdrawal_id: UUID, session: Session, services: Held, _: Operator
) -> OperatorWithdrawalOut:
    """Return one withdrawal, with the account to pay to."""
    found = await withdrawals.get(session, withdrawal_id)
    [shown] = await _in_full(session, services, [found])
    return shown


async def _in_full(
    session: AsyncSession, services: Services, rows: Sequence[Withdrawal]
) -> list[OperatorWithdrawalOut]:
    sealed = await withdrawals.sealed_ibans(session, [row.id for row in rows])
    return [_with_iban(row, services.ibans, sealed[row.id]) for row in rows]


def _with_iban(row: Withdrawal, ibans: EncryptedColumn, sealed: bytes) -> OperatorWithdrawalOut:
    try:
        return OperatorWithdrawalOut.with_iban(row, ibans.decrypt(row.id, sealed))
    except (InvalidTag, ValueError) as error:
        # A key that is missing, or a row that was changed, must not hide all the others.
        log.error("iban_unreadable", withdrawal=str(row.id), reason=repr(error))  # noqa: TRY400
        return OperatorWithdrawalOut.of(row)


@router.patch("/{withdrawal_id}/approve/", response_model=OperatorWithdrawalOut, responses=_MOVED)
async def approve_withdrawal(
    desk: Deciding, body: Annotated[Approval | None, Body()] = None
) -> Response:
    """Agree to pay. With `bank_reference` the transfer is recorded as made, too."""
    wish = body or Approval()
    word = DecideWithdrawal(desk.operator.id, True, wish.note, wish.bank_reference, desk.origin)
    return await desk.give(WithdrawalAction.APPROVE, word)


@router.patch("/{withdrawal_id}/reject/", response_model=OperatorWithdrawalOut, responses=_MOVED)
async def reject_withdrawal(
    desk: Deciding, body: Annotated[Rejection | None, Body()] = None
) -> Response:
    """Refuse to pay. The money goes back into the wallet."""
    note = body.note if body else None
    word = DecideWithdrawal(desk.operator.id, approved=False, note=note, origin=desk.origin)
    return await desk.give(WithdrawalAction.REJECT, word)


@router.patch("/{withdrawal_id}/paid/", response_model=OperatorWithdrawalOut, responses=_MOVED)
async def record_paid_withdrawal(desk: Deciding, body: PaidByBank) -> Response:
    """Record that the bank made the transfer of an approved withdrawal."""
    reference = body.bank_reference
    word = RecordPayout(desk.operator.id, bank_reference=reference, origin=desk.origin)
    return await desk.give(WithdrawalAction.PAY, word)


@router.patch("/{withdrawal_id}/failed/", response_model=OperatorWithdrawalOut, responses=_MOVED)
async def record_failed_withdrawal(desk: Deciding, body: FailedAtBank) -> Response:
    """Record that the bank did not make it. The money goes back into the wallet."""
    word = RecordPayout(desk.operator.id, note=body.note, origin=desk.origin)
    return await desk.give(WithdrawalAction.FAIL, word)
