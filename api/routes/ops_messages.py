"""/ops/messages: what everybody was sent and what became of it; sending it again."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Response

from api.deps import Held, Idempotent, Operator, Session
from api.idempotency import Attempt
from api.origin import FromCaller
from api.pages import Cursor, Limit, cut, key_in
from api.paths import PREFIX
from api.refusals import refusals
from api.schemas.common import Nothing, Page
from api.schemas.ops_messages import OperatorMessageOut
from domain.audit import AuditAction, AuditLine
from domain.messages.notice import Channel, MessageStatus, NoticeKind
from domain.messages.sending import check_resend
from models.queries import audit, message_log
from models.queries.message_log import MessageFilter

router = APIRouter(prefix=f"{PREFIX}/ops/messages", tags=["operators"])
_OPERATOR: Final = ("not_authenticated", "forbidden")


async def _wanted(
    status: Annotated[MessageStatus | None, Query()] = None,
    channel: Annotated[Channel | None, Query()] = None,
    kind: Annotated[NoticeKind | None, Query()] = None,
    user_id: Annotated[UUID | None, Query()] = None,
    ticket_id: Annotated[UUID | None, Query()] = None,
) -> MessageFilter:
    return MessageFilter(status, channel, kind, user_id, ticket_id)


@router.get("/", responses=refusals(*_OPERATOR, "validation_error"))
async def list_messages(
    session: Session,
    _: Operator,
    wanted: Annotated[MessageFilter, Depends(_wanted)],
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[OperatorMessageOut]:
    """List everybody's messages, newest first."""
    before = key_in(cursor, UUID)
    rows = await message_log.page(session, wanted, before=before, limit=limit + 1)
    shown, following = cut(rows, limit, lambda logged: logged[0].id)
    return Page(items=[OperatorMessageOut.of(logged) for logged in shown], next=following)


@router.post(
    "/{message_id}/resend/",
    response_model=OperatorMessageOut,
    responses=refusals(
        *_OPERATOR,
        "csrf_failed",
        "not_found",
        "illegal_transition",
        "validation_error",
        "idempotency_key_reused",
        "payload_too_large",
        "unsupported_media_type",
    ),
)
async def resend_message(
    message_id: UUID,
    operator: Operator,
    origin: FromCaller,
    services: Held,
    idempotency: Idempotent,
    _: Annotated[Nothing | None, Body()] = None,
) -> Response:
    """Have a message that failed sent again, once. One that holds a secret its reader asks for."""
    line = AuditLine(AuditAction.MESSAGE_RESENT, operator.id, f"message:{message_id}", origin)

    async def resend(attempt: Attempt) -> OperatorMessageOut:
        async with services.sessions.begin() as session:
            row = await message_log.lock(session, message_id)
            # By this very request: of two repeats at once the later one may come here first.
            is_done = await audit.is_recorded(session, attempt.resource_id)
            if not is_done:
                check_resend(
                    row.kind,
                    row.status,
                    was_resent=row.resent_at is not None,
                    has_reader=row.user_id is not None,
                )
                await message_log.resend(session, message_id)
                await audit.record(session, line, attempt.resource_id)
        if not is_done:
            await services.messages.start(message_id)
        async with services.reads() as session:
            return OperatorMessageOut.of(await message_log.get(session, message_id))

    return await idempotency.run(resend)
