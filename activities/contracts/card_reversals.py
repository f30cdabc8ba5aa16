"""Steps that give a paid payment back to its card."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from temporalio import activity

from domain.audit import BY_ITSELF, Origin
from domain.payment import Payment


@dataclass(frozen=True)
class AskCardReversal:
    """An operator's wish, `by` whom and from where."""

    payment_id: UUID
    at: datetime
    by: UUID | None = None
    origin: Origin = BY_ITSELF
    line_id: UUID | None = None


@dataclass(frozen=True)
class CloseCardReversal:
    payment_id: UUID
    done: bool


class CardReversalSteps(Protocol):
    """A paid payment goes back to the card it came from, while the gateway still can."""

    @activity.defn
    async def ask_card_reversal(self, command: AskCardReversal) -> Payment: ...

    @activity.defn
    async def close_card_reversal(self, command: CloseCardReversal) -> Payment: ...
