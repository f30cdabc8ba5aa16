"""Watches the steps of a worker from outside: no step knows of it."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

# Takes a step's name, its path, how the attempt ended, which one it was, and the seconds it took.
Report = Callable[[str, str, str, int, float], None]
FAST: Final = "fast"
OPERABLE: Final = "operable"


class StepWatch(Interceptor):
    """Reports each attempt as `ok`, `refused` by a rule, `failed`, or `cancelled`."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _Watched(next, self._report)


class _Watched(ActivityInboundInterceptor):
    def __init__(self, inner: ActivityInboundInterceptor, report: Report) -> None:
        super().__init__(inner)
        self._report = report

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002, ANN401
        info = activity.info()
        began, outcome = time.perf_counter(), "failed"
        try:
            result = await super().execute_activity(input)
            outcome = "ok"
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        except ApplicationError as error:
            outcome = "refused" if error.non_retryable else "failed"
            raise
        finally:
            path = FAST if info.is_local else OPERABLE
            seconds = time.perf_counter() - began
            self._report(info.activity_type, path, outcome, info.attempt, seconds)
        return result
