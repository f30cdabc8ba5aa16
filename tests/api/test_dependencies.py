"""What routes ask for is had without leaving the event loop."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.openapi import _ROUTES


def calls(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    if dependant.call:
        yield dependant.call
    for needed in dependant.dependencies:
        yield from calls(needed)


def test_no_route_and_nothing_it_asks_for_runs_in_a_thread() -> None:
    """A plain function would: two switches of threads each time, and a limit on how many."""
    for module in _ROUTES:
        for route in module.router.routes:
            assert isinstance(route, APIRoute)
            for call in calls(route.dependant):
                made = call if inspect.isfunction(call) else type(call).__call__
                is_async = inspect.iscoroutinefunction(made) or inspect.isasyncgenfunction(made)
                assert is_async, (route.path, made.__qualname__)
