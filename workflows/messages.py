"""What is sent to running workflows.

Apart from the workflows themselves, because the sandbox loads those anew for each run: a message
defined there would be another class every time.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


@dataclass(frozen=True)
class TicketCommand:
    """Who acts, and what they say about it."""

    by: UUID
    note: str | None = None


class Reported(StrEnum):
    """What the payer's browser says on its way back. Never evidence, only a reason to look."""

    OK = "OK"
    NOT_OK = "NOK"


@dataclass(frozen=True)
class CallbackReported:
    status: Reported


class Verb(StrEnum):
    RETRY = "retry"
    ABORT = "abort"


@dataclass(frozen=True)
class Decision:
    """What an operator decided about a parked workflow, who it was, and why."""

    action: Verb
    actor: str
    note: str
