"""Where the API lives: the prefix of its paths, and the paths that answers point to."""

from typing import Final
from uuid import UUID

PREFIX: Final = "/api/v1"


def ticket(ticket_id: UUID) -> str:
    return f"{PREFIX}/tickets/{ticket_id}/"


def payment(payment_id: UUID) -> str:
    return f"{PREFIX}/payments/{payment_id}/"


def transfer(transfer_id: UUID) -> str:
    return f"{PREFIX}/wallet/transfer/{transfer_id}/"


def withdrawal(withdrawal_id: UUID) -> str:
    return f"{PREFIX}/wallet/withdrawals/{withdrawal_id}/"


def reversal(reversal_id: UUID) -> str:
    return f"{PREFIX}/ops/ledger/reversals/{reversal_id}/"


def ops_withdrawal(withdrawal_id: UUID) -> str:
    return f"{PREFIX}/ops/withdrawals/{withdrawal_id}/"
