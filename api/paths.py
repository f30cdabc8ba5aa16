"""Where the API lives: the prefix of its paths, and the paths that answers point to."""

from typing import Final
from uuid import UUID

PREFIX: Final = "/api/v1"


def ticket(ticket_id: UUID) -> str:
    return f"{PREFIX}/tickets/{ticket_id}/"


def payment(payment_id: UUID) -> str:
    return f"{PREFIX}/payments/{payment_id}/"
