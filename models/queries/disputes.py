"""Statements on the notes of disputes. The dispute itself is a part of its ticket's row."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.evidence import DisputeNote
from models.ticket import DisputeNoteRow


async def find_note(session: AsyncSession, note_id: UUID) -> DisputeNote | None:
    row = await session.get(DisputeNoteRow, note_id)
    return _note(row) if row else None


async def count_notes(session: AsyncSession, ticket_id: UUID) -> int:
    statement = select(func.count()).where(DisputeNoteRow.ticket_id == ticket_id)
    return await session.scalar(statement) or 0


async def insert_note(session: AsyncSession, note: DisputeNote) -> None:
    session.add(DisputeNoteRow(**vars(note)))
    await session.flush()


async def page_of_notes(
    session: AsyncSession, ticket_id: UUID, *, before: UUID | None = None, limit: int
) -> list[DisputeNote]:
    """List the notes of a ticket, newest first, older than `before`."""
    statement = select(DisputeNoteRow).where(DisputeNoteRow.ticket_id == ticket_id)
    if before is not None:
        statement = statement.where(DisputeNoteRow.id < before)
    rows = await session.scalars(statement.order_by(DisputeNoteRow.id.desc()).limit(limit))
    return [_note(row) for row in rows]


def _note(row: DisputeNoteRow) -> DisputeNote:
    return DisputeNote(row.id, row.ticket_id, row.author_id, row.at, row.note)
