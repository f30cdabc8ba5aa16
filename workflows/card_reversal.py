"""One payment's way back to its card. The wallet gives it first, so it is not spent twice."""

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from activities.contracts.card_reversals import (
        AskCardReversal,
        CardReversalSteps,
        CloseCardReversal,
    )
    from activities.contracts.payments import GatewaySteps
    from domain.payment import Payment
    from workflows import policies
    from workflows.attention import attention, finished
    from workflows.desk import Desk
    from workflows.details import describe_card_reversal, describe_wish
    from workflows.messages import Decision, ReverseToCard, Verb
    from workflows.steadfast import steadfast
    from workflows.steps import refusal_in, take

LIMIT: Final = timedelta(seconds=40)  # a reversal whose outcome is doubtful is two calls
AT_GATEWAY: Final = "REVERSED"
_VERBS: Final = (
    "`retry` asks the gateway again; `abort` asks it once what became of the payment, and returns "
    "the money to the wallet unless it went back."
)


@workflow.defn
class CardReversal:
    """Take from the wallet, ask the gateway until it answers, and book what it said."""

    @workflow.init
    def __init__(self, wish: ReverseToCard) -> None:
        self._wish = wish
        self._payment: Payment | None = None
        self._refused: ApplicationError | None = None
        self._is_over = False
        self._desk = Desk()

    @workflow.run
    @steadfast
    async def run(self, wish: ReverseToCard) -> str:
        """Return the status in which the payment was left."""
        attention().tell(describe_wish(wish))
        try:
            payment = await self._ask()
        except ApplicationError as refusal:
            self._refused = refusal
        else:
            closing = CloseCardReversal(wish.payment_id, await self._reverse(payment))
            self._adopt(await take(CardReversalSteps.close_card_reversal, closing, "Book it"))
        self._is_over = True
        await finished()
        return self._payment.status if self._payment else "refused"

    @workflow.update(description="Wait for the end, then return the payment.")
    async def outcome(self) -> Payment:
        await workflow.wait_condition(lambda: self._is_over)
        if self._payment is None:
            raise self._refused or ApplicationError("not stored yet", type="engine_unavailable")
        return self._payment

    @workflow.update(description="Operator: `retry` the gateway, or `abort`: back to the wallet.")
    async def operator_decide(self, decision: Decision) -> str:
        return await self._desk.receive(decision)

    @operator_decide.validator
    def _may_decide(self, decision: Decision) -> None:
        self._desk.check(decision)

    async def _ask(self) -> Payment:
        wish = self._wish
        at = workflow.now()
        command = AskCardReversal(wish.payment_id, at, wish.by, wish.origin, wish.line_id)
        asked = await take(CardReversalSteps.ask_card_reversal, command, "Take from the wallet")
        self._adopt(asked)
        return asked

    async def _reverse(self, payment: Payment) -> bool:
        """Ask the gateway until it answers; park when its answer is one that people must mend."""
        while True:
            try:
                return await workflow.execute_activity_method(
                    GatewaySteps.reverse_at_gateway,
                    payment,
                    start_to_close_timeout=LIMIT,
                    retry_policy=policies.PURSUE,
                    summary="Send it back to the card",
                )
            except FailureError as failure:
                refusal = refusal_in(failure)
                if refusal is None:
                    raise
                decision = await self._desk.park(
                    f"The gateway does not send payment {payment.id} of {payment.amount:,.0f} "
                    f"rials back: {refusal.message}",
                    _VERBS,
                )
                self._adopt(payment)
                if decision.action is Verb.ABORT:
                    return await self._was_reversed(payment)

    async def _was_reversed(self, payment: Payment) -> bool:
        """Look once more before the money goes to the wallet: an answer may have been lost."""
        try:
            status = await workflow.execute_activity_method(
                GatewaySteps.status_at_gateway,
                payment,
                start_to_close_timeout=policies.CALL_LIMIT,
                retry_policy=policies.PURSUE,
                summary="Ask whether it went back after all",
            )
        except FailureError as failure:
            if refusal_in(failure) is None:
                raise
            return False
        return status == AT_GATEWAY

    def _adopt(self, payment: Payment) -> None:
        self._payment = payment
        attention().tell(describe_card_reversal(payment, self._wish), payment.amount)
