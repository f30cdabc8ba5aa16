"""The call to the payout gateway. What it answers becomes a result, a person's task, or a retry."""

from dataclasses import dataclass
from typing import Final

from temporalio import activity

from activities.contracts.wallet import PayoutAnswer, PayoutSteps, PayoutVerdict
from domain.withdrawal import Withdrawal
from gateways.errors import Declined, ResultClass
from gateways.payout import Manual, PayoutGateway, PayoutRequest
from models.database import Sessions
from models.encrypted import EncryptedColumn
from models.queries import withdrawals

# These say nothing about the transfer itself: the same call is made again.
_ASK_AGAIN: Final = frozenset({ResultClass.PENDING, ResultClass.RETRY, ResultClass.AMBIGUOUS})


@dataclass(frozen=True)
class GatewayPayoutSteps(PayoutSteps):
    """`Unavailable` and `OutcomeUnknown` leave a step as they are, so Temporal calls it again."""

    gateway: PayoutGateway
    sessions: Sessions
    ibans: EncryptedColumn

    @activity.defn
    async def pay_out(self, withdrawal: Withdrawal) -> PayoutAnswer:
        """Have an approved withdrawal paid; safe to repeat, it is one transfer at the gateway."""
        request = PayoutRequest(withdrawal.id, withdrawal.amount, await self._iban(withdrawal))
        try:
            answer = await self.gateway.pay(request)
        except Declined as declined:
            if declined.result_class in _ASK_AGAIN:
                raise
            return PayoutAnswer(PayoutVerdict.DECLINED, note=str(declined))
        if isinstance(answer, Manual):
            return PayoutAnswer(PayoutVerdict.BY_HAND)
        return PayoutAnswer(PayoutVerdict.PAID, bank_reference=answer.reference)

    async def _iban(self, withdrawal: Withdrawal) -> str:
        # Read here and not handed over: what a workflow holds is kept by the engine.
        async with self.sessions() as session:
            sealed = await withdrawals.sealed_ibans(session, [withdrawal.id])
        return self.ibans.decrypt(withdrawal.id, sealed[withdrawal.id])
