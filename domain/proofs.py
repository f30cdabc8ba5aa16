"""What must be true of the ledger at any time, and what it looks like when it is not."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self


class Proof(StrEnum):
    """Each proof, in words that an operator understands."""

    BALANCED = "debits equal credits in each transaction"
    IN_TOTAL = "debits equal credits in total"
    BALANCES = "each balance is the sum of its entries"
    RUNNING = "each entry continues the balance before it"
    FLOORS = "no wallet and no escrow was ever below zero"
    SHAPES = "each kind of transaction moves money between the accounts it is for"
    ESCROW = "closed tickets hold nothing in escrow, open ones what they owe"
    TICKETS = "each ticket was paid and settled as its status says"
    PAYMENTS = "each paid payment has exactly one deposit, and no other has one"
    PAYOUTS = "money on its way out left us or came back as its status says"
    REVERSALS = "each reversal mirrors one transaction that two operators agreed on"
    CHAIN = "the chain of seals is unbroken, and every sealed row is what it was"


@dataclass(frozen=True)
class Violation:
    """A row or an object that breaks a proof. `subject` names it, `detail` says what is wrong."""

    proof: Proof
    subject: str
    detail: str


@dataclass(frozen=True)
class Seal:
    """The newest seal. Keep its digest elsewhere: it stands for all that was sealed before."""

    number: int
    digest: str
    sealed_at: datetime


@dataclass(frozen=True)
class KnownSeal:
    """A seal as somebody noted it outside of the database; `digest` in hex."""

    number: int
    digest: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``NUMBER:SHA256``.

        Raises:
            ValueError: It is something else.
        """
        number, _, digest = text.partition(":")
        if not number.isdigit() or len(bytes.fromhex(digest)) != 32:
            raise ValueError(f"not NUMBER:SHA256: {text}")
        return cls(int(number), digest.lower())


@dataclass(frozen=True)
class Report:
    """What a verification read, all of it at one moment.

    Attributes:
        debits: The sum of all debits, in rials.
        unsealed: How many transactions are newer than the last seal.
    """

    at: datetime
    transactions: int
    entries: int
    debits: Decimal
    credits: Decimal
    unsealed: int
    seal: Seal | None
    violations: tuple[Violation, ...]

    @property
    def holds(self) -> bool:
        return not self.violations

    def broken(self, proof: Proof) -> list[Violation]:
        return [violation for violation in self.violations if violation.proof is proof]

    def __str__(self) -> str:
        """Say it in words, one line for each proof and for each violation."""
        lines = [
            f"{self.transactions:,} transactions as of {self.at:%F %T} UTC",
            f"debits {self.debits:,.2f} rials, credits {self.credits:,.2f} rials",
            self._sealed(),
        ]
        for proof in Proof:
            broken = self.broken(proof)
            lines.append(f"{'ok' if not broken else 'BROKEN':<7} {proof}")
            lines += [f"        {one.subject}: {one.detail}" for one in broken]
        lines.append("The ledger holds." if self.holds else "THE LEDGER DOES NOT HOLD.")
        return "\n".join(lines)

    def _sealed(self) -> str:
        if self.seal is None:
            return f"not sealed yet: {self.unsealed:,} transactions"
        return (
            f"seal {self.seal.number} of {self.seal.sealed_at:%F %T} UTC, {self.unsealed:,} "
            f"transactions since\nsha256 {self.seal.digest}"
        )
