"""Works out what an action would do, as the step that takes it would, and changes nothing."""

from sqlalchemy.ext.asyncio import AsyncSession

from domain.actions import Move, act
from domain.deadlines import Windows
from domain.errors import AssetUnavailable, InsufficientFunds
from domain.ledger import AccountKind, Posting, Side
from domain.plan import Plan
from domain.ticket import Action, Ticket
from models.queries import ledger, tickets


async def foresee(session: AsyncSession, ticket: Ticket, move: Move, windows: Windows) -> Plan:
    """Return the plan that a move would carry out now.

    Raises:
        DomainError: The move would be refused, and with this.
    """
    plan = act(ticket, move, windows)
    if plan.posting:
        await _afford(session, plan.posting)
    await _find_free(session, ticket, plan.ticket, move.action)
    return plan


async def _afford(session: AsyncSession, posting: Posting) -> None:
    """Refuse what the floor of a wallet would refuse."""
    for entry in posting.entries:
        account = entry.account
        is_paid = entry.side is Side.DEBIT and account.kind is AccountKind.USER_WALLET
        if not is_paid or account.owner_id is None:
            continue
        missing = entry.amount - await ledger.balance(session, account.kind, account.owner_id)
        if missing > 0:
            raise InsufficientFunds(missing)


async def _find_free(session: AsyncSession, ticket: Ticket, after: Ticket, action: Action) -> None:
    """Refuse what the calendar would refuse.

    Only the time that the ticket does not hold yet is looked at: what it holds is its own.
    """
    match action:
        case Action.ACCEPT:
            wanted = (ticket.starts_at, ticket.ends_at)
        case Action.EXTEND | Action.ACCEPT_EXTENSION if after.extension:
            wanted = (ticket.ends_at, after.extension.ends_at)
        case _:
            return
    if await tickets.is_taken(session, ticket.asset_id, *wanted):
        raise AssetUnavailable
