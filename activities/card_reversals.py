"""The database steps of a payment's way back to its card. Money moves with the word for it."""

from dataclasses import dataclass
from typing import Final

from temporalio import activity

from activities.contracts.card_reversals import (
    AskCardReversal,
    CardReversalSteps,
    CloseCardReversal,
)
from activities.refusals import refusals
from domain import card_reversal, ids
from domain.audit import AuditAction, AuditLine
from domain.errors import NotReversible
from domain.ledger import Posting, payout, payout_return, withdrawal
from domain.payment import CardReversal, Payment
from models.database import Sessions
from models.queries import audit, ledger, payments

_ASKED: Final = "Top-up on its way back to the card"
_DONE: Final = "Top-up sent back to the card"
_REFUSED: Final = "Top-up that the card could not take back"


@dataclass(frozen=True)
class PostgresCardReversalSteps(CardReversalSteps):
    sessions: Sessions

    @activity.defn
    async def ask_card_reversal(self, command: AskCardReversal) -> Payment:
        """Take the money from the wallet before the gateway is asked; a repeat finds it taken."""
        with refusals():
            async with self.sessions.begin() as session:
                payment = await payments.lock(session, command.payment_id)
                if payment.reversal is CardReversal.ASKED:
                    return payment
                card_reversal.check(payment, command.at)
                ref = ids.payment_workflow(payment.id)
                taken = withdrawal(ref, payment.user_id, payment.amount, _ASKED)
                await ledger.post(session, taken)
                await payments.mark_reversal(session, payment.id, CardReversal.ASKED)
                await audit.record(session, _asked(payment, command), command.line_id)
                return await payments.lock(session, payment.id)

    @activity.defn
    async def close_card_reversal(self, command: CloseCardReversal) -> Payment:
        """Book that the money has left us, or return it to the wallet; the first word counts."""
        with refusals():
            async with self.sessions.begin() as session:
                payment = await payments.lock(session, command.payment_id)
                if payment.reversal is None:
                    raise NotReversible("Nobody asked for its reversal.", payment.status)
                if payment.reversal is CardReversal.ASKED:
                    outcome = CardReversal.DONE if command.done else CardReversal.REFUSED
                    await ledger.post(session, _closing(payment, outcome))
                    await payments.mark_reversal(session, payment.id, outcome)
                return await payments.lock(session, payment.id)


def _asked(payment: Payment, command: AskCardReversal) -> AuditLine:
    facts = {"amount": f"{payment.amount:.2f}"}
    what = ids.payment_workflow(payment.id)
    return AuditLine(AuditAction.CARD_REVERSAL_ASKED, command.by, what, command.origin, facts)


def _closing(payment: Payment, outcome: CardReversal) -> Posting:
    ref = ids.payment_workflow(payment.id)
    if outcome is CardReversal.DONE:
        return payout(ref, payment.amount, _DONE)
    return payout_return(ref, payment.user_id, payment.amount, _REFUSED)
