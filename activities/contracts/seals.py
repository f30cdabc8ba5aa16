"""The step that seals what was written: its name, its output. As in activities/contracts.py."""

from dataclasses import dataclass
from typing import Protocol

from temporalio import activity


@dataclass(frozen=True)
class Sealed:
    """How many seals of the ledger were made, and the newest one: its number, its SHA-256 in hex.

    Attributes:
        log_number: The newest seal of the audit log, likewise.
        log_digest: Its SHA-256 in hex.
    """

    made: int
    number: int
    digest: str
    log_number: int = 0
    log_digest: str = ""


class SealSteps(Protocol):
    @activity.defn
    async def seal_ledger(self) -> Sealed: ...
