"""The gateway's own record of what people paid, held against what they were told."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final
from uuid import UUID

from chaos.journal import Held, Journal
from chaos.judge import Fault
from sandbox.gateway.store import Payment, Status, Store

CHECK: Final = "what the gateway took is what was credited, payment by payment"
_MEANS: Final[Mapping[str, frozenset[Status]]] = {
    "paid": frozenset({Status.VERIFIED}),
    "reversed": frozenset({Status.REVERSED}),
    "cancelled": frozenset({Status.FAILED}),
}
_ALL: Final = 1_000_000


def read(file: Path) -> list[Payment]:
    """Return all payments that the simulator keeps in its file."""
    store = Store(file)
    try:
        return store.latest(_ALL)
    finally:
        store.close()


def faults(journals: Collection[Journal], there: Collection[Payment]) -> list[Fault]:
    """Return each payment of which the gateway tells another story."""
    found = []
    told = {name: held for journal in journals for name, held in journal.payments.items()}
    by_order = _by_order(there)
    for name, held in told.items():
        opened = by_order.get(name, [])
        # An answer of the gateway's may be lost, so that it opens a page that nobody sees.
        seen = [one for one in opened if one.status is not Status.IN_BANK]
        if len(seen) != 1 or not _agree(held, seen[0]):
            shown = ", ".join(f"{one.status} of {one.amount}" for one in opened) or "nothing"
            detail = f"was told as {held}; the gateway has {shown}"
            found.append(Fault(CHECK, f"payment {name}", detail))
    return found


def taken(journals: Collection[Journal], there: Collection[Payment]) -> Decimal:
    """Return what the gateway took from these people and did not give back, in rials."""
    ours = {name for journal in journals for name in journal.payments}
    by_order = _by_order(there)
    kept = {Status.PAID, Status.VERIFIED}
    return Decimal(
        sum(one.amount for name in ours for one in by_order.get(name, []) if one.status in kept)
    )


def _by_order(there: Collection[Payment]) -> dict[UUID, list[Payment]]:
    found: dict[UUID, list[Payment]] = {}
    for one in there:
        if one.order_id is not None:
            found.setdefault(UUID(one.order_id), []).append(one)
    return found


def _agree(held: Held, payment: Payment) -> bool:
    return held.amount == payment.amount and payment.status in _MEANS.get(held.status, frozenset())
