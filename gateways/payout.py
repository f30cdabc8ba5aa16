"""Money out to bank accounts: what a payout gateway is asked, and the one that asks a person."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class PayoutRequest:
    """A transfer to a bank account; `amount` in whole rials.

    Attributes:
        withdrawal_id: Names the transfer for ever: asked again, it is the same transfer.
    """

    withdrawal_id: UUID
    amount: Decimal
    iban: str = field(repr=False)


@dataclass(frozen=True)
class Paid:
    """The bank took it on; `reference` is the bank's name for the transfer."""

    reference: str


@dataclass(frozen=True)
class Manual:
    """A person makes the transfer, and records what came of it."""


class PayoutGateway(Protocol):
    async def pay(self, request: PayoutRequest) -> Paid | Manual:
        """Transfer money, at most once for each `withdrawal_id`.

        Raises:
            Declined: The bank will not; nothing was transferred.
            Unavailable: Nobody answered; nothing was transferred.
            OutcomeUnknown: Asking again with the same id finds out.
        """
        ...


class ManualPayout(PayoutGateway):
    """Leaves every transfer to an operator, who has a bank's website."""

    async def pay(self, request: PayoutRequest) -> Paid | Manual:  # noqa: ARG002
        return Manual()
