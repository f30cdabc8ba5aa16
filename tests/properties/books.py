"""The model's ledger: accounts are numbers in a dictionary, in hundredths of a rial."""

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

Account = tuple[str, UUID | None]
CLEARING: Account = ("gateway_clearing", None)
REVENUE: Account = ("platform_revenue", None)
OUTGOING: Account = ("payout_clearing", None)


def wallet(user_id: UUID) -> Account:
    return ("user_wallet", user_id)


def escrow(ticket_id: UUID) -> Account:
    return ("ticket_escrow", ticket_id)


class Refused(Exception):
    """The step should refuse, under this code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Moved:
    """One transaction: what it credits (or, below zero, debits) to each account."""

    kind: str
    ref: str
    changes: dict[Account, int]


@dataclass
class Books:
    """Balances as credits minus debits: clearing is below zero, what we owe users above."""

    balances: Counter[Account] = field(default_factory=Counter)
    moved: dict[str, Moved] = field(default_factory=dict)
    unsealed: int = 3  # rows: the platform's own accounts are there from the start

    def move(self, key: str, kind: str, ref: str, changes: dict[Account, int]) -> None:
        if key in self.moved:
            return
        changes = {account: change for account, change in changes.items() if change}
        assert sum(changes.values()) == 0
        if any(
            owner and self.balances[kind_, owner] + changes[kind_, owner] < 0
            for kind_, owner in changes
        ):
            raise Refused("insufficient_funds")
        self.balances.update(changes)
        self.moved[key] = Moved(kind, ref, changes)
        self.unsealed += 1

    def send(
        self, key: str, kind: str, ref: str, path: tuple[Account, Account], amount: int
    ) -> None:
        source, target = path
        self.move(key, kind, ref, {source: -amount, target: amount})
