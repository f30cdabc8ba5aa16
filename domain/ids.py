"""The names of things across systems: workflow ids and permanent idempotency keys.

Each is a function of business ids alone, so a repeat after any crash makes the same name.
"""

from uuid import UUID


def ticket_workflow(ticket_id: UUID) -> str:
    return f"ticket:{ticket_id}"


def payment_workflow(payment_id: UUID) -> str:
    return f"payment:{payment_id}"


def payment_in(workflow_id: str) -> UUID:
    """Return the payment that `payment_workflow` named."""
    return UUID(workflow_id.removeprefix("payment:"))


def transfer_workflow(transfer_id: UUID) -> str:
    return f"transfer:{transfer_id}"


def withdrawal_workflow(withdrawal_id: UUID) -> str:
    return f"withdrawal:{withdrawal_id}"


def reversal_workflow(reversal_id: UUID) -> str:
    """Of a ledger transaction, when two operators agree to take it back."""
    return f"reversal:{reversal_id}"


def card_reversal_workflow(payment_id: UUID) -> str:
    """Of a payment, when it is sent back to the card it came from."""
    return f"card-reversal:{payment_id}"


def payment_reconciliation(payment_id: UUID) -> str:
    """Of a payment, while it is held against ledger and gateway."""
    return f"reconcile-payment:{payment_id}"


def message_workflow(message_id: UUID) -> str:
    return f"message:{message_id}"


def messages_queue(task_queue: str) -> str:
    """Messages have workers of their own: a slow provider must not take money's places."""
    return f"{task_queue}-messages"


def ticket_posting(ticket_id: UUID, step: str) -> str:
    """Key of a ledger transaction: one step of one ticket moves money once, for ever."""
    return f"ticket:{ticket_id}:{step}"


def payment_posting(payment_id: UUID) -> str:
    return f"payment:{payment_id}:deposit"
