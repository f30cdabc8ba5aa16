"""What the audit log and the log of messages say of somebody, oldest first."""

from sqlalchemy import select

from domain.messages.notice import NoticeKind
from models.audit import AuditRow
from models.database import Sessions
from models.message import MessageRow
from tests.api.people import Person


async def audited(sessions: Sessions, thing: str) -> list[AuditRow]:
    """Return the lines about an object, such as `user:<id>`."""
    statement = select(AuditRow).where(AuditRow.object == thing).order_by(AuditRow.seq)
    async with sessions() as session:
        return list(await session.scalars(statement))


async def audited_of(sessions: Sessions, person: Person) -> list[AuditRow]:
    return await audited(sessions, f"user:{person.id}")


async def notices_of(sessions: Sessions, person: Person) -> list[NoticeKind]:
    statement = select(MessageRow.kind).where(MessageRow.user_id == person.id)
    async with sessions() as session:
        return list(await session.scalars(statement.order_by(MessageRow.id)))
