"""Reconciliation on a schedule, and of one payment: claims what can be claimed, keeps the rest."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import FailureError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from activities.contracts.payments import GatewaySteps, NewPayment, Unverified
    from activities.contracts.reconciliation import Compare, ComparePayment, ReconciliationSteps
    from domain import ids
    from domain.payment import Payment
    from domain.reconciliation import FULL_LIST
    from workflows import attributes, policies
    from workflows.attention import attention, finished
    from workflows.payment import TopUp
    from workflows.steps import take

Answer = TypeVar("Answer")
# A gateway that is away must not hold the comparison of what is here up; the next run asks again.
FEW_TRIES: Final = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3)
COMPARISON_LIMIT: Final = timedelta(minutes=5)


@workflow.defn
class ReconcilePayments:
    """Have unclaimed money claimed, give that some time, then compare all records."""

    @workflow.run
    async def run(self) -> str:
        """Say how many mismatches there are."""
        attention().tell("### Reconciliation\n\nAsking the gateway what it holds unclaimed.")
        first = await _unverified()
        look = await take(ReconciliationSteps.find_to_look_at, first or (), "Find whose it is")
        self._tell(first, "Having it claimed.")
        for payment in look.unclaimed:
            await _have_it_looked_at(payment)
        for payment in look.doubtful:
            await _compare_payment(payment)
        compare = Compare((), is_whole=first is not None)
        if first:
            self._tell(first, "Waiting whether it will be claimed.")
            await workflow.sleep(look.grace, summary="what is on its way may arrive")
            compare = _still_there(first, await _unverified())
        found = await workflow.execute_activity_method(
            ReconciliationSteps.compare,
            compare,
            start_to_close_timeout=COMPARISON_LIMIT,
            retry_policy=policies.FOR_EVER,
            summary="Compare workflows, rows, ledger and gateway",
        )
        self._tell(first, f"**{found} mismatches**, see `/api/v1/ops/findings/?open=true`.")
        await finished()
        return f"{found} mismatches"

    def _tell(self, unverified: tuple[Unverified, ...] | None, next_step: str) -> None:
        held = "The gateway did not give its list."
        if unverified is not None:
            amount = sum(one.amount for one in unverified)
            held = f"The gateway holds {len(unverified)} payments unclaimed, {amount:,} rials."
        attention().tell(f"### Reconciliation\n\n{held}\n\n{next_step}")


@workflow.defn
class ReconcilePayment:
    """Hold one payment against the ledger and the gateway."""

    @workflow.run
    async def run(self, payment: Payment) -> str | None:
        """Return the gateway's status of it, None if the gateway did not say."""
        attention().tell(
            f"### Comparison of a payment\n- {payment.amount:,} rials, payment `{payment.id}`, "
            f"{payment.status}\n- held against the ledger and against the gateway's word"
        )
        status = await _compare_payment(payment)
        await finished()
        return status


def _still_there(first: tuple[Unverified, ...], again: tuple[Unverified, ...] | None) -> Compare:
    if again is None:
        return Compare((), is_whole=False)
    before = {one.authority for one in first}
    still = tuple(one for one in again if one.authority in before)
    return Compare(still, is_whole=len(again) < FULL_LIST)


async def _unverified() -> tuple[Unverified, ...] | None:
    return await _ask(GatewaySteps.list_unverified, (), "List what is paid and unclaimed")


async def _compare_payment(payment: Payment) -> str | None:
    gateway: str | None = None
    if payment.authority is not None:
        gateway = await _ask(GatewaySteps.status_at_gateway, (payment,), "Ask for its status")
    command = ComparePayment(payment.id, gateway)
    await take(ReconciliationSteps.compare_payment, command, "Compare the payment")
    return gateway


async def _ask(
    call: Callable[..., Awaitable[Answer]], arguments: tuple[object, ...], summary: str
) -> Answer | None:
    """Ask the gateway a few times; None if it does not say."""
    try:
        return await workflow.execute_activity_method(
            call,
            args=arguments,
            start_to_close_timeout=policies.CALL_LIMIT,
            retry_policy=FEW_TRIES,
            summary=summary,
        )
    except FailureError as failure:
        workflow.logger.warning("%s: the gateway did not answer: %s", summary, failure.cause)
        return None


async def _have_it_looked_at(payment: Payment) -> None:
    """Tell a top-up to look at the gateway now; if it has ended, begin it again."""
    top_up = workflow.get_external_workflow_handle(ids.payment_workflow(payment.id))
    try:
        await top_up.signal(TopUp.look)
    except FailureError:
        await _begin_again(payment)


async def _begin_again(payment: Payment) -> None:
    new = NewPayment(
        payment.id, payment.user_id, payment.amount, payment.ticket_id, payment.created_at
    )
    status = SearchAttributePair(attributes.PAYMENT_STATUS, payment.status.value)
    try:
        top_up = await workflow.start_child_workflow(
            TopUp.run,
            new,
            id=ids.payment_workflow(payment.id),
            task_timeout=policies.TASK_TIMEOUT,
            parent_close_policy=ParentClosePolicy.ABANDON,
            static_summary=f"Wallet top-up of {new.amount:,.2f} rials",
            search_attributes=TypedSearchAttributes([status]),
        )
        await top_up.signal(TopUp.look)
    except FailureError as failure:
        # A callback has begun it in the same moment, or it is done already.
        workflow.logger.info("payment %s looks after itself: %s", payment.id, failure)
