"""/wallet: what the caller has, and how it came and went. Money moves in workflows, not here."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response, status
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession

from api import csv_statement
from api.accept import prefers
from api.csv_statement import Statement
from api.deps import CurrentUser, Held, Session
from api.pages import Cursor, Limit, Moment, cut, key_in
from api.paths import PREFIX
from api.refusals import refusals
from api.schemas.common import Page, TimeIn
from api.schemas.wallet import EntryOut, WalletOut
from domain.errors import ValidationFailed
from domain.money import CURRENCY
from models.queries import statements

router = APIRouter(prefix=f"{PREFIX}/wallet", tags=["wallet"])
_TWO_FORMS: Final[dict[int | str, dict[str, Any]]] = {
    status.HTTP_200_OK: {
        "description": "A page of entries, or a statement as CSV.",
        "content": {csv_statement.MEDIA_TYPE: csv_statement.DOCUMENTED},
    }
}
_VARY: Final = {"Vary": "Accept"}


@router.get("/", responses=refusals("not_authenticated", "validation_error"))
async def read_wallet(
    session: Session,
    caller: CurrentUser,
    at: Annotated[
        TimeIn | None, Query(description="A past moment; absent or in the future, it is now.")
    ] = None,
) -> WalletOut:
    """Return what the caller can spend, and what of theirs waits in escrow: now, or then."""
    past = at if at and at < datetime.now(UTC) else None
    found = await statements.holdings(session, caller.id, past)
    return WalletOut(balance=found.balance, held=found.held, currency=CURRENCY)


@dataclass(frozen=True)
class Period:
    since: datetime | None
    until: datetime | None


async def _period(
    since: Annotated[TimeIn | None, Query(alias="from", description="At or after.")] = None,
    until: Annotated[TimeIn | None, Query(alias="to", description="Before.")] = None,
) -> Period:
    if since and until and since > until:
        raise ValidationFailed("/query/to", "A period does not end before it begins.")
    return Period(since, until)


@router.get(
    "/entries/",
    response_model=Page[EntryOut],
    responses=_TWO_FORMS | refusals("not_authenticated", "validation_error"),
)
async def list_entries(  # noqa: PLR0913, PLR0917  (what a page is made of, and who asks for it)
    request: Request,
    response: Response,
    session: Session,
    services: Held,
    caller: CurrentUser,
    period: Annotated[Period, Depends(_period)],
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response | Page[EntryOut]:
    """List the entries of the caller's wallet, newest first.

    With `Accept: text/csv` the answer is a statement: the opening balance, every entry of the
    period from the oldest to the newest, and the closing balance; `limit` and `cursor` do not
    apply. A debit is money that left the wallet, a credit money that came. The first column says
    what a row is: `opening`, `entry` or `closing`. The last row is `closing`: without it the file
    is not complete. A text that a spreadsheet would take for a formula has an apostrophe in front.
    """
    if prefers(request.headers.get("Accept"), csv_statement.MEDIA_TYPE, "application/json"):
        statement = await _statement(session, caller.id, period)
        return StreamingResponse(
            statement.text(services.reads),
            media_type=f"{csv_statement.MEDIA_TYPE}; charset=utf-8; header=present",
            headers={
                "Content-Disposition": f'attachment; filename="{statement.filename}"',
                **_VARY,
            },
        )
    response.headers.update(_VARY)
    before = key_in(cursor, Moment.parse)
    rows = await statements.wallet_entries(
        session,
        caller.id,
        since=period.since,
        until=period.until,
        before=(before.at, before.seq) if before else None,
        limit=limit + 1,
    )
    shown, following = cut(rows, limit, lambda row: Moment(row.created_at, row.seq))
    return Page(items=[EntryOut.of(row) for row in shown], next=following)


async def _statement(session: AsyncSession, user_id: UUID, period: Period) -> Statement:
    """Find both ends of a statement. In this order, so that the second is never the older one."""
    since, until, now = period.since, period.until, datetime.now(UTC)
    is_over = until is not None and until <= now
    before = await statements.last_line(session, user_id, since) if since else None
    last = await statements.last_line(session, user_id, until if is_over else None)
    if until is None or not is_over:
        # Entries have the database's time, which may be a little ahead of ours.
        until = max(filter(None, (now, since, last and last.created_at)))
    return Statement(user_id, since, until, before, last)
