"""/wallet: what the caller has, and how it came and went. Money moves in workflows, not here."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import CurrentUser, Session
from api.pages import Cursor, Limit, Moment, cut, key_in
from api.paths import PREFIX
from api.refusals import refusals
from api.schemas.common import Page, TimeIn
from api.schemas.wallet import EntryOut, WalletOut
from domain.ledger import AccountKind
from domain.money import CURRENCY
from models.queries import ledger

router = APIRouter(prefix=f"{PREFIX}/wallet", tags=["wallet"])


@router.get("/", responses=refusals("not_authenticated"))
async def read_wallet(session: Session, caller: CurrentUser) -> WalletOut:
    """Return what the caller can spend now, and what of theirs waits in escrow."""
    return WalletOut(
        balance=await ledger.balance(session, AccountKind.USER_WALLET, caller.id),
        held=await ledger.held(session, caller.id),
        currency=CURRENCY,
    )


@router.get("/entries/", responses=refusals("not_authenticated", "validation_error"))
async def list_entries(
    session: Session,
    caller: CurrentUser,
    since: Annotated[TimeIn | None, Query(alias="from", description="At or after.")] = None,
    until: Annotated[TimeIn | None, Query(alias="to", description="Before.")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[EntryOut]:
    """List the entries of the caller's wallet, newest first."""
    before = key_in(cursor, Moment.parse)
    rows = await ledger.wallet_entries(
        session,
        caller.id,
        since=since,
        until=until,
        before=(before.at, before.seq) if before else None,
        limit=limit + 1,
    )
    shown, following = cut(rows, limit, lambda row: Moment(row.created_at, row.seq))
    return Page(items=[EntryOut.of(row) for row in shown], next=following)
