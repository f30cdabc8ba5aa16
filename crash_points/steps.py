"""Moments in a worker: around its steps, and behind what a workflow has just decided."""

from typing import Any

from temporalio import activity, workflow
from temporalio.plugin import SimplePlugin
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    WorkflowInstance,
    WorkflowInstanceDetails,
    WorkflowRunner,
)
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from crash_points.points import Points, Work, at_hand


def in_workers(points: Points) -> SimplePlugin:
    """Make what goes with a client to all workers that are made with it."""

    def runner(usual: WorkflowRunner | None) -> WorkflowRunner:
        return _Runner(usual or SandboxedWorkflowRunner(), points)

    return SimplePlugin("crash points", interceptors=[Steps(points)], workflow_runner=runner)


class Steps(Interceptor):
    """Passes `begun` before a step has done anything, `returned` before its result is reported."""

    def __init__(self, points: Points) -> None:
        self._points = points

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _Step(next, self._points)


class _Step(ActivityInboundInterceptor):
    def __init__(self, inner: ActivityInboundInterceptor, points: Points) -> None:
        super().__init__(inner)
        self._points = points

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002, ANN401
        name = activity.info().activity_type
        with at_hand(Work(self._points, lambda: name)) as work:
            work.reached("begun")
            result = await super().execute_activity(input)
            work.reached("returned")
        return result


class _Runner(WorkflowRunner):
    def __init__(self, inner: WorkflowRunner, points: Points) -> None:
        self._inner = inner
        self._points = points

    def prepare_workflow(self, defn: workflow._Definition) -> None:
        self._inner.prepare_workflow(defn)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return _Decisions(self._inner.create_instance(det), self._points)

    def set_worker_level_failure_exception_types(self, types: Any) -> None:  # noqa: ANN401
        self._inner.set_worker_level_failure_exception_types(types)


class _Decisions(WorkflowInstance):
    """Passes `decided` when a workflow's commands are made, and the server has none of them."""

    def __init__(self, inner: WorkflowInstance, points: Points) -> None:
        self._inner = inner
        self._points = points

    def activate(self, act: Any) -> Any:  # noqa: ANN401  (the library's own messages)
        completion = self._inner.activate(act)
        commands = {each.WhichOneof("variant") for each in completion.successful.commands}
        # A local activity is no command: the worker runs it, and the server hears of it later.
        if not act.is_replaying and commands - {"schedule_local_activity"}:
            self._points.reached(f"{self._inner.get_info().workflow_type}:decided")
        return completion

    def get_serialization_context(self, command_info: Any) -> Any:  # noqa: ANN401
        return self._inner.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> Any:  # noqa: ANN401
        return self._inner.get_external_store_context(command_info)

    def get_info(self) -> workflow.Info:
        return self._inner.get_info()

    def get_thread_id(self) -> int | None:
        return self._inner.get_thread_id()
