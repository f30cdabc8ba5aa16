"""What people say about a dispute beside the claim: when they may, and how much of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.errors import IllegalTransition, ValidationFailed
from domain.ticket import Stage, Ticket

MOST_NOTES: Final = 200
_UNDECIDED: Final = frozenset({Stage.CLAIMED, Stage.CONTESTED})


@dataclass(frozen=True)
class DisputeNote:
    """One piece of evidence. It is never changed; who was wrong writes another."""

    id: UUID
    ticket_id: UUID
    author_id: UUID
    at: datetime
    note: str


def check_note(ticket: Ticket, notes_so_far: int) -> None:
    """Refuse a note that nobody waits for, or one too many to read.

    Raises:
        IllegalTransition: No dispute is open, or it is decided.
        ValidationFailed: There are enough notes.
    """
    if ticket.stage not in _UNDECIDED:
        raise IllegalTransition("add a note to", ticket.status, stage=ticket.stage)
    if notes_so_far >= MOST_NOTES:
        raise ValidationFailed("/note", f"A dispute has at most {MOST_NOTES} notes.")
