"""/ops/findings: where workflows, rows, ledger and gateway disagree, for operators."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.deps import Operator, Session
from api.pages import Cursor, Limit, cut, key_in
from api.paths import PREFIX
from api.refusals import refusals
from api.schemas.common import Page
from api.schemas.ops import FindingOut
from models.queries import findings

router = APIRouter(prefix=f"{PREFIX}/ops/findings", tags=["operators"])


@router.get("/", responses=refusals("not_authenticated", "forbidden", "validation_error"))
async def list_findings(
    session: Session,
    _: Operator,
    is_open: Annotated[
        bool | None, Query(alias="open", description="Only those that last, or only the cleared.")
    ] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[FindingOut]:
    """List mismatches with their amount and age, newest first."""
    before = key_in(cursor, UUID)
    rows = await findings.page(session, is_open=is_open, before=before, limit=limit + 1)
    shown, following = cut(rows, limit, lambda row: row.id)
    return Page(items=[FindingOut.of(row) for row in shown], next=following)
