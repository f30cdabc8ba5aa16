"""Lets the workflows of loans begin at the loan clock's time, where that is ahead of real time."""

from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from temporalio.api.common.v1 import TimeSkippingConfig
from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    StartWorkflowInput,
    StartWorkflowUpdateWithStartInput,
    UpdateWithStartStartWorkflowInput,
    WorkflowUpdateHandle,
)
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from engine.loan_clock import LoanClock

# All others, and all that is not a workflow, live in real time.
IN_LOAN_TIME: Final = frozenset({"TicketLoan", "TopUp"})


def in_loan_time(client: Client, clock: LoanClock) -> Client:
    """Return another client of the same connection, whose loans begin at the clock's time."""
    config = client.config()
    config["interceptors"] = [*config["interceptors"], _LoanTime(clock)]
    return Client(**config)


class _LoanTime(Interceptor):
    def __init__(self, clock: LoanClock) -> None:
        super().__init__()
        self._clock = clock

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002
        return _Starts(next, self._clock)


class _Starts(OutboundInterceptor):
    def __init__(self, following: OutboundInterceptor, clock: LoanClock) -> None:
        super().__init__(following)
        self._clock = clock

    async def start_update_with_start_workflow(
        self,
        input: StartWorkflowUpdateWithStartInput,  # noqa: A002
    ) -> WorkflowUpdateHandle[Any]:
        start, ahead = input.start_workflow_input, self._clock.ahead
        if ahead and start.workflow in IN_LOAN_TIME:
            # A start with a delay is not allowed together with an update, so it goes ahead of it.
            # If it fails, the call that follows fails too and says so in the usual way.
            with suppress(WorkflowAlreadyStartedError, RPCError):
                await self.next.start_workflow(_delayed(start, ahead))
                # One that was refused at once has ended unheard: then it may begin once more, to
                # be refused once more.
                start.id_reuse_policy = WorkflowIDReusePolicy.ALLOW_DUPLICATE
        return await super().start_update_with_start_workflow(input)


def _delayed(start: UpdateWithStartStartWorkflowInput, ahead: timedelta) -> StartWorkflowInput:
    """Let the workflow wait before its first task, and skip that wait but none of its timers.

    Time is skipped only where a workflow waits: without the delay its first task would still see
    real time.
    """
    more: dict[str, Any] = {
        "start_delay": ahead,
        "time_skipping_config": TimeSkippingConfig(enabled=True, max_session_skip_count=1),
        "start_signal": None,
        "start_signal_args": (),
        "rpc_metadata": {},
        "rpc_timeout": None,
        "request_eager_start": False,
    }
    return StartWorkflowInput(**(vars(start) | more))
