"""/ops/audit: who did what, when and from where, for operators."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from api.deps import Operator, Session
from api.pages import Cursor, Limit, Moment, cut, key_in
from api.paths import PREFIX
from api.refusals import refusals
from api.schemas.audit import AuditLineOut
from api.schemas.common import Page, TimeIn, Typed
from domain.audit import AuditAction
from domain.errors import ValidationFailed
from models.queries import audit
from models.queries.audit import AuditFilter

router = APIRouter(prefix=f"{PREFIX}/ops/audit", tags=["operators"])
Since = Annotated[TimeIn | None, Query(alias="from", description="At or after.")]
Until = Annotated[TimeIn | None, Query(alias="to", description="Before.")]


async def _period(
    since: Since = None, until: Until = None
) -> tuple[datetime | None, datetime | None]:
    if since and until and since > until:
        raise ValidationFailed("/query/to", "A period does not end before it begins.")
    return since, until


@router.get("/", responses=refusals("not_authenticated", "forbidden", "validation_error"))
async def list_audit_lines(  # noqa: PLR0913, PLR0917  (each is a filter of the list)
    session: Session,
    _: Operator,
    period: Annotated[tuple[datetime | None, datetime | None], Depends(_period)],
    actor_id: Annotated[UUID | None, Query(description="Who did it.")] = None,
    subject: Annotated[
        Typed | None, Query(alias="object", description="Such as `user:{id}` or `withdrawal:{id}`.")
    ] = None,
    action: Annotated[AuditAction | None, Query()] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[AuditLineOut]:
    """List what was done, newest first. Lines are never changed, and none is taken away."""
    since, until = period
    wanted = AuditFilter(actor_id, subject or None, action, since, until)
    before = key_in(cursor, Moment.parse)
    rows = await audit.page(
        session, wanted, before=(before.at, before.seq) if before else None, limit=limit + 1
    )
    shown, following = cut(rows, limit, lambda row: Moment(row.at, row.seq))
    return Page(items=[AuditLineOut.of(row) for row in shown], next=following)
