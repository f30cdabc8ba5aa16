"""One line for each step that a worker takes, and its span: what it was, for whom, how it ended."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, Final

from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from telemetry.cause import Cause, caused_by
from telemetry.spans import Kind, Span, Tracer, spanning
from telemetry.words import is_refusal, kind_of, told_of

SYSTEM: Final = "system"
log = logging.getLogger("steps")


class StepLines(ActivityInboundInterceptor):
    """A failure is told of once for each attempt, in our own words; see words.py."""

    def __init__(
        self,
        following: ActivityInboundInterceptor,
        tracer: Tracer | None,
        cause_in: Callable[[Mapping[str, Payload]], Cause],
    ) -> None:
        super().__init__(following)
        self._tracer = tracer
        self._cause_in = cause_in

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002, ANN401
        info = activity.info()
        with caused_by(_acting(self._cause_in(input.headers), input.args)), self._span(info):
            began = time.perf_counter()
            try:
                result = await super().execute_activity(input)
            except Exception as error:
                _tell(info, began, error)
                raise
            _tell(info, began)
            return result

    def _span(self, info: activity.Info) -> AbstractContextManager[Span | None]:
        if self._tracer is None:
            return nullcontext()
        about = {
            "workflow_id": info.workflow_id,
            "run_id": info.workflow_run_id,
            "attempt": info.attempt,
            "path": _path(info),
        }
        return spanning(self._tracer, f"RunActivity {info.activity_type}", Kind.SERVER, about)


def _acting(cause: Cause, arguments: Sequence[Any]) -> Cause:
    """Take the actor from the command, if it names one: it knows best who wants the step."""
    command = arguments[0] if arguments else None
    acting = getattr(command, "by", cause.actor)
    return replace(cause, actor=str(acting or SYSTEM))


def _path(info: activity.Info) -> str:
    return "fast" if info.is_local else "operable"


def _tell(info: activity.Info, began: float, error: Exception | None = None) -> None:
    level, text, ending = _ending(error)
    if not log.isEnabledFor(level):
        return
    fields = {
        "workflow_id": info.workflow_id,
        "run_id": info.workflow_run_id,
        "workflow": info.workflow_type,
        "activity": info.activity_type,
        "attempt": info.attempt,
        "path": _path(info),
        "ms": round((time.perf_counter() - began) * 1000, 1),
    }
    log.log(level, text, extra={"fields": fields | ending})


def _ending(error: Exception | None) -> tuple[int, str, dict[str, Any]]:
    if error is None:
        return logging.INFO, "step", {}
    if is_refusal(error):
        return logging.INFO, "step refused", {"refusal": kind_of(error)}
    return logging.WARNING, "step failed", told_of(error)
