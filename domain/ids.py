"""The names of things across systems: workflow ids and permanent idempotency keys.

Each is a function of business ids alone, so a repeat after any crash makes the same name.
"""

from uuid import UUID


def ticket_workflow(ticket_id: UUID) -> str:
    return f"ticket:{ticket_id}"


def payment_workflow(payment_id: UUID) -> str:
    return f"payment:{payment_id}"


def ticket_posting(ticket_id: UUID, step: str) -> str:
    """Key of a ledger transaction: one step of one ticket moves money once, for ever."""
    return f"ticket:{ticket_id}:{step}"


def payment_posting(payment_id: UUID) -> str:
    return f"payment:{payment_id}:deposit"
