"""/wallet/transfer: money from one user to another. It moves in a workflow, not here."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter, Response, status

from api import paths
from api.commands.failures import Closed
from api.deps import Caller, CurrentUser, Held, Idempotent, Services, Session
from api.idempotency import Attempt
from api.paths import PREFIX
from api.refusals import LATER, refusals
from api.schemas.transfers import NewTransferIn, TransferOut
from domain import ids
from domain.errors import NotFound
from domain.transfer import NewTransfer, Transfer, check_parties, unknown_receiver
from models.queries import transfers

router = APIRouter(prefix=f"{PREFIX}/wallet/transfer", tags=["wallet"])


@router.post(
    "/",
    status_code=status.HTTP_201_CREATED,
    response_model=TransferOut,
    responses=LATER
    | refusals(
        "not_authenticated",
        "csrf_failed",
        "not_found",
        "insufficient_funds",
        "validation_error",
        "idempotency_key_reused",
        "payload_too_large",
        "unsupported_media_type",
        "engine_unavailable",
    ),
)
async def transfer_money(
    body: NewTransferIn, caller: CurrentUser, services: Held, idempotency: Idempotent
) -> Response:
    """Send money to another user, at once and for good."""

    async def send(attempt: Attempt) -> TransferOut:
        posted = None if attempt.is_first else await _posted(services, attempt.resource_id)
        if posted is None:
            posted = await _send(services, await _asked(services, body, caller, attempt))
        return TransferOut.of(posted)

    return await idempotency.run(
        send,
        status=status.HTTP_201_CREATED,
        poll=lambda attempt: paths.transfer(attempt.resource_id),
    )


@router.get("/{transfer_id}/", responses=refusals("not_authenticated", "not_found"))
async def read_transfer(transfer_id: UUID, session: Session, caller: CurrentUser) -> TransferOut:
    """Return a transfer that the caller sent, once it is posted."""
    found = await transfers.find(session, transfer_id)
    if found is None or (found.sender_id != caller.id and not caller.is_operator):
        raise NotFound("There is no such transfer.")
    return TransferOut.of(found)


async def _asked(
    services: Services, body: NewTransferIn, caller: Caller, attempt: Attempt
) -> NewTransfer:
    """Say who is meant. Whether they can receive money now is decided where it is posted."""
    async with services.reads() as session:
        receiver_id = await transfers.receiver(session, body.to)
    if receiver_id is None:
        raise unknown_receiver()
    check_parties(caller.id, receiver_id)
    return NewTransfer(
        transfer_id=attempt.resource_id,
        sender_id=caller.id,
        receiver_id=receiver_id,
        amount=body.amount,
        description=body.description,
        at=datetime.now(UTC),
    )


async def _send(services: Services, new: NewTransfer) -> Transfer:
    try:
        return await services.wallet.transfer(new)
    except Closed:
        posted = await _posted(services, new.transfer_id)
        if posted is None:
            name = ids.transfer_workflow(new.transfer_id)
            raise await services.wallet.refusal_of(name) from None
        return posted


async def _posted(services: Services, transfer_id: UUID) -> Transfer | None:
    async with services.reads() as session:
        return await transfers.find(session, transfer_id)
