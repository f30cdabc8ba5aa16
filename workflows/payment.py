"""The life of one wallet top-up. It stays open until the outcome is known, not guessed."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from activities.contracts.payments import (
        AttachAuthority,
        GatewaySteps,
        Inspection,
        MarkPayment,
        NewPayment,
        Opened,
        PaymentSteps,
        SettlePayment,
        Verdict,
    )
    from activities.contracts.refusal import refuse
    from domain import ids
    from domain.errors import GatewayUnavailable
    from domain.payment import OPEN, Payment, PaymentStatus
    from workflows import attributes, policies
    from workflows.attention import attention, finished
    from workflows.desk import Desk
    from workflows.details import describe_payment, describe_top_up
    from workflows.messages import CallbackReported, Decision, Reported, Verb
    from workflows.steadfast import steadfast
    from workflows.steps import refusal_in, take
    from workflows.ticket import TicketLoan

PURSUIT = timedelta(hours=24)  # the gateway has returned money that is not verified by then
MAX_PAUSE = timedelta(hours=1)
_VERBS = (
    "`retry` asks the gateway again; `abort` gives the payment up: it shows as failed. If it was "
    "paid after all, the next reconciliation finds it."
)
MAX_REPORTS = 100  # a payer who reloads the result page for ever must not fill the history


@workflow.defn
class TopUp:
    """Open at the gateway, wait for news or for time, look, and post the money once.

    `run` takes every step, one after the other; updates only leave word and wait for the answer.
    """

    @workflow.init
    def __init__(self, new: NewPayment) -> None:
        self._new = new
        self._payment: Payment | None = None
        self._refused: ApplicationError | None = None
        self._expires_at = workflow.now()
        self._over_at = workflow.now()
        self._pause = timedelta(0)
        self._reports = 0
        self._answered = 0
        self._looked = 0
        self._cancel_said = False
        self._gave_up = False
        self._desk = Desk()

    @workflow.run
    @steadfast
    async def run(self, new: NewPayment) -> str:
        """Return the status in which the payment was left."""
        attention().tell(describe_top_up(new), new.amount)
        try:
            await self._open()
        except ApplicationError as refusal:
            self._refused = refusal
        while self._is_pursued():
            await self._wait_for_news_or_time()
            await self._look()
            await self._mark_if_unpaid()
        self._answered = self._reports  # whoever reported while the last look was under way
        await self._tell_ticket()
        await finished()
        return self._payment.status if self._payment else "refused"

    # What callers may ask.

    @workflow.update(description="Wait until the gateway opened the payment, then return it.")
    async def opened(self) -> Payment:
        await workflow.wait_condition(self._is_opened)
        return self._known()

    @workflow.update(description="The payer's browser came back: look at the gateway now.")
    async def callback(self, report: CallbackReported) -> Payment:
        await workflow.wait_condition(self._is_opened)
        if self._is_pursued() and self._reports < MAX_REPORTS:
            self._cancel_said = report.status is Reported.NOT_OK
            self._reports += 1
            mine = self._reports
            await workflow.wait_condition(lambda: self._answered >= mine)
        return self._known()

    @workflow.signal(description="The gateway lists it as paid: look now.")
    async def look(self) -> None:
        if self._reports < MAX_REPORTS:
            self._reports += 1

    @workflow.update(description="Operator: `retry` the gateway, or `abort` this payment.")
    async def operator_decide(self, decision: Decision) -> str:
        return await self._desk.receive(decision)

    @operator_decide.validator
    def _may_decide(self, decision: Decision) -> None:
        self._desk.check(decision)

    # Opening.

    def _is_opened(self) -> bool:
        """Whether there is an answer for who waits: a page to pay at, a refusal, or the end."""
        payment = self._payment
        has_answer = payment is not None and (payment.authority or payment.status not in OPEN)
        return bool(self._refused or has_answer)

    def _is_pursued(self) -> bool:
        is_open = self._payment is not None and self._payment.status in OPEN
        is_over = self._gave_up or workflow.now() >= self._over_at
        return is_open and not is_over and not self._refused

    def _known(self) -> Payment:
        if self._refused:
            raise self._refused
        if self._payment is None:
            raise refuse(GatewayUnavailable("The payment is not stored yet."))
        return self._payment

    async def _open(self) -> None:
        recorded = await take(PaymentSteps.record_payment, self._new, "Store the payment")
        self._expires_at, self._pause = recorded.expires_at, recorded.interval
        self._over_at = max(recorded.expires_at, workflow.now()) + PURSUIT
        payment = recorded.payment
        if payment.status in OPEN and payment.authority is None:
            command = AttachAuthority(payment.id, await self._open_at_gateway())
            payment = await take(PaymentSteps.attach_authority, command, "Keep the authority")
        self._adopt(payment)

    async def _open_at_gateway(self) -> Opened:
        try:
            return await workflow.execute_activity_method(
                GatewaySteps.open_at_gateway,
                self._new,
                start_to_close_timeout=policies.OPEN_LIMIT,
                retry_policy=policies.OPEN_RETRIES,
                summary="Open the payment at the gateway",
            )
        except FailureError as failure:
            # Nobody was shown a page for it, so nobody can have paid.
            await self._mark(PaymentStatus.FAILED)
            raise refusal_in(failure) or refuse(
                GatewayUnavailable("The gateway did not answer. Nothing was taken; try again.")
            ) from failure

    # Looking.

    async def _wait_for_news_or_time(self) -> None:
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._reports > self._answered,
                timeout=self._next_pause(),
                timeout_summary="ask the gateway, in case the callback was lost",
            )

    def _next_pause(self) -> timedelta:
        left = self._expires_at - workflow.now()
        if left > timedelta(0):
            return min(self._pause, left)
        self._pause = min(self._pause * 2, MAX_PAUSE)
        return self._pause

    async def _look(self) -> None:
        reports = self._reports
        found = None
        if reports == self._answered:
            found = await self._ask(GatewaySteps.inquire_at_gateway, "Ask what became of it")
        if found is None or found.verdict is Verdict.PAID:
            found = await self._ask(GatewaySteps.verify_at_gateway, "Verify at the gateway")
        if found and found.verified:
            command = SettlePayment(self._new.payment_id, found.verified, workflow.now())
            self._adopt(await take(PaymentSteps.settle_payment, command, "Credit the wallet"))
        self._looked = reports

    async def _ask(
        self, call: Callable[[GatewaySteps, Payment], Awaitable[Inspection]], summary: str
    ) -> Inspection:
        """Call the gateway until it answers; park when its answer is one that people must mend."""
        while True:
            try:
                return await workflow.execute_activity_method(
                    call,
                    self._known(),
                    start_to_close_timeout=policies.CALL_LIMIT,
                    retry_policy=policies.PURSUE,
                    summary=summary,
                )
            except FailureError as failure:
                refusal = refusal_in(failure)
                if refusal is None:
                    raise
                decision = await self._desk.park(self._trouble(refusal), _VERBS)
                if decision.action is Verb.ABORT:
                    self._gave_up = True
                    return Inspection(Verdict.UNPAID)

    def _trouble(self, refusal: ApplicationError) -> str:
        payment = self._known()
        money = f"payment {payment.id} of {payment.amount:,.0f} rials"
        return f"The gateway refused {money}: {refusal.message}"

    async def _mark_if_unpaid(self) -> None:
        pending = self._known().status is PaymentStatus.PENDING
        if self._gave_up:
            await self._mark(PaymentStatus.FAILED)
        elif pending and self._cancel_said:
            await self._mark(PaymentStatus.CANCELLED)
        elif pending and workflow.now() >= self._expires_at:
            await self._mark(PaymentStatus.EXPIRED)
        self._answered = self._looked

    async def _mark(self, status: PaymentStatus) -> None:
        command = MarkPayment(self._new.payment_id, status)
        self._adopt(await take(PaymentSteps.mark_payment, command, f"Show as {status}"))

    def _adopt(self, payment: Payment) -> None:
        before, self._payment = self._payment, payment
        if before is not None and before.status is not payment.status:
            status = attributes.PAYMENT_STATUS.value_set(payment.status)
            workflow.upsert_search_attributes([status])
        details = describe_payment(payment, self._expires_at, self._over_at)
        attention().tell(details, payment.amount)

    async def _tell_ticket(self) -> None:
        if self._new.ticket_id is None or self._payment is None or self._payment.paid_at is None:
            return
        name = ids.ticket_workflow(self._new.ticket_id)
        ticket = workflow.get_external_workflow_handle(name)
        try:
            await ticket.signal(TicketLoan.payment_received, self._new.payment_id)
        except FailureError as failure:
            # The loan is over. The money stays where it is safe: in the payer's wallet.
            workflow.logger.warning("%s cannot be paid any more: %s", name, failure)
            if workflow.patched("tell-of-kept-money"):
                paid = self._payment.id
                self._adopt(await take(PaymentSteps.keep_in_wallet, paid, "Say where it went"))
