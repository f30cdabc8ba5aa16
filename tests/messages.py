"""The messages that steps leave in the database, as a test looks at them."""

from uuid import UUID

from sqlalchemy import select, update

from domain.messages.notice import NoticeKind
from models.database import Sessions
from models.message import MessageRow
from tests import given
from tests.lending import Loan


async def told(sessions: Sessions, user_id: UUID) -> list[MessageRow]:
    """Return the messages to somebody, the first one first."""
    statement = select(MessageRow).where(MessageRow.user_id == user_id).order_by(MessageRow.id)
    async with sessions() as session:
        return list(await session.scalars(statement))


async def kinds(sessions: Sessions, user_id: UUID) -> list[NoticeKind]:
    return [message.kind for message in await told(sessions, user_id)]


async def forget(sessions: Sessions, loan: Loan) -> None:
    """Give the messages so far to somebody else, so that those of the next step are left."""
    nobody = await given.a_user(sessions)
    async with sessions.begin() as session:
        theirs = MessageRow.user_id.in_((loan.ticket.borrower_id, loan.ticket.lender_id))
        await session.execute(update(MessageRow).where(theirs).values(user_id=nobody))
