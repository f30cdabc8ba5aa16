"""Carries the cause of a command from who sends it, through its workflow, into the steps it takes.

It travels in a header of Temporal's, which is encrypted as all payloads are. Workflows only hand
it on: they neither read it nor load a library for it, and a replay asks for no header. With a
tracer each of these places is a span as well.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, fields, replace
from typing import Any, Final, NoReturn, Protocol

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Interceptor as ClientInterceptor,
)
from temporalio.client import (
    OutboundInterceptor,
    SignalWorkflowInput,
    StartWorkflowInput,
    StartWorkflowUpdateInput,
    StartWorkflowUpdateWithStartInput,
    WorkflowHandle,
    WorkflowUpdateHandle,
)
from temporalio.converter import PayloadConverter
from temporalio.worker import (
    ActivityInboundInterceptor,
    ContinueAsNewInput,
    ExecuteWorkflowInput,
    HandleSignalInput,
    HandleUpdateInput,
    SignalExternalWorkflowInput,
    StartActivityInput,
    StartLocalActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from temporalio.worker import (
    Interceptor as WorkerInterceptor,
)

from telemetry.cause import NOTHING, Cause, current, from_here_on
from telemetry.spans import Kind, Span, Tracer, spanning
from telemetry.steps import StepLines

HEADER: Final = "cause"
_SAID: Final = tuple(field.name for field in fields(Cause))
_BEGIN: Final = "begin_span"
Headers = Mapping[str, Payload]


class _Carries(Protocol):
    headers: Headers


def cause_in(headers: Headers) -> Cause:
    payload = headers.get(HEADER)
    if payload is None:
        return NOTHING
    [said] = PayloadConverter.default.from_payloads([payload])
    # A newer version may say more; a loan must not stand still for that.
    return Cause(**{name: said.get(name) for name in _SAID})


def _send_with(given: _Carries) -> None:
    cause = current()
    if cause != NOTHING:
        said = {name: value for name, value in asdict(cause).items() if value}
        [payload] = PayloadConverter.default.to_payloads([said])
        given.headers = {**given.headers, HEADER: payload}


class Propagation(ClientInterceptor, WorkerInterceptor):
    """Given to a client, it holds for the workers of that client as well."""

    def __init__(self, tracer: Tracer | None = None) -> None:
        super().__init__()
        self._tracer = tracer

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002
        return _Sending(next, self._tracer)

    def intercept_activity(
        self,
        next: ActivityInboundInterceptor,  # noqa: A002
    ) -> ActivityInboundInterceptor:
        return StepLines(next, self._tracer, cause_in)

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002
    ) -> type[WorkflowInboundInterceptor]:
        if self._tracer:
            # Called from workflows, and run outside of their sandbox.
            input.unsafe_extern_functions[_BEGIN] = self._tracer.start
        return _Receiving


class _Sending(OutboundInterceptor):
    def __init__(self, following: OutboundInterceptor, tracer: Tracer | None) -> None:
        super().__init__(following)
        self._tracer = tracer

    def _span(self, name: str, workflow_id: str) -> AbstractContextManager[Span | None]:
        if self._tracer is None:
            return nullcontext()
        return spanning(self._tracer, name, Kind.CLIENT, {"workflow_id": workflow_id})

    async def start_workflow(
        self,
        input: StartWorkflowInput,  # noqa: A002
    ) -> WorkflowHandle[Any, Any]:
        with self._span(f"StartWorkflow {input.workflow}", input.id):
            _send_with(input)
            return await super().start_workflow(input)

    async def signal_workflow(self, input: SignalWorkflowInput) -> None:  # noqa: A002
        with self._span(f"SignalWorkflow {input.signal}", input.id):
            _send_with(input)
            await super().signal_workflow(input)

    async def start_workflow_update(
        self,
        input: StartWorkflowUpdateInput,  # noqa: A002
    ) -> WorkflowUpdateHandle[Any]:
        with self._span(f"StartUpdate {input.update}", input.id):
            _send_with(input)
            return await super().start_workflow_update(input)

    async def start_update_with_start_workflow(
        self,
        input: StartWorkflowUpdateWithStartInput,  # noqa: A002
    ) -> WorkflowUpdateHandle[Any]:
        start, update = input.start_workflow_input, input.update_workflow_input
        with self._span(f"StartUpdateWithStart {start.workflow}.{update.update}", start.id):
            _send_with(start)
            _send_with(update)
            return await super().start_update_with_start_workflow(input)


class _Receiving(WorkflowInboundInterceptor):
    """Names the cause of what runs in a workflow: of each update and signal its own.

    What the workflow does of itself later on is caused by what began it.
    """

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_HandingOn(outbound))

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002, ANN401
        if span := _begin(f"RunWorkflow {workflow.info().workflow_type}", input.headers):
            span.end()  # it lives for weeks, and this process may not
        return await super().execute_workflow(input)

    async def handle_signal(self, input: HandleSignalInput) -> None:  # noqa: A002
        span = _begin(f"HandleSignal {input.signal}", input.headers)
        try:
            await super().handle_signal(input)
        finally:
            _end(span)

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:  # noqa: A002, ANN401
        span = _begin(f"HandleUpdate {input.update}", input.headers)
        try:
            return await super().handle_update_handler(input)
        finally:
            _end(span)


def _begin(name: str, headers: Headers) -> Span | None:
    cause = cause_in(headers)
    from_here_on(cause)
    start = workflow.extern_functions().get(_BEGIN)
    # What is replayed has been measured when it happened.
    if start is None or cause.traceparent is None or workflow.unsafe.is_replaying():
        return None
    info = workflow.info()
    about = {"workflow_id": info.workflow_id, "run_id": info.run_id}
    span: Span = start(name, Kind.SERVER, cause.traceparent, about)
    from_here_on(replace(cause, traceparent=span.traceparent))
    return span


def _end(span: Span | None) -> None:
    if span is not None:
        span.end()


class _HandingOn(WorkflowOutboundInterceptor):
    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:  # noqa: A002
        _send_with(input)
        return super().start_activity(input)

    def start_local_activity(
        self,
        input: StartLocalActivityInput,  # noqa: A002
    ) -> workflow.ActivityHandle[Any]:
        _send_with(input)
        return super().start_local_activity(input)

    async def signal_external_workflow(
        self,
        input: SignalExternalWorkflowInput,  # noqa: A002
    ) -> None:
        _send_with(input)
        await super().signal_external_workflow(input)

    def continue_as_new(self, input: ContinueAsNewInput) -> NoReturn:  # noqa: A002
        _send_with(input)
        super().continue_as_new(input)
