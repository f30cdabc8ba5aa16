"""Workflows that a request to cancel does not end: money hangs on them until they are done.

In the Temporal UI the request is one click away, on the largest button of the page. A loan is
cancelled by its people, and a payment ends when its outcome is known.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Run = Callable[Arguments, Coroutine[Any, Any, Result]]


def steadfast(run: Run[Arguments, Result]) -> Run[Arguments, Result]:
    """Let the `run` of a workflow live on whoever requests its cancellation."""

    @wraps(run)
    async def lives_on(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        work = asyncio.create_task(run(*args, **kwargs))
        while True:
            try:
                return await asyncio.shield(work)
            except asyncio.CancelledError:
                if work.done():  # it is not the request: the worker puts this workflow away
                    raise

    return lives_on
