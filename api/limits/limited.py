"""How a route says what it counts against: `dependencies=[limited(Traffic.LOGIN)]`.

Without it a signed-in request counts against its account, as `read` or `write` by its method, and
an anonymous one against its address, as `public`: api/deps.py sees to that.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Depends, Request

from api.deps import CurrentUser, Held
from api.limits.client_address import client_of
from domain.limits import Traffic


def limited(traffic: Traffic) -> Any:  # noqa: ANN401  (as FastAPI's own Depends)
    """Count each request of a route for the address that it comes from."""
    return Depends(_by_address(traffic))


def limited_by_account(traffic: Traffic) -> Any:  # noqa: ANN401
    """Count each request of a route for the caller's account."""
    return Depends(_by_account(traffic))


def _by_address(traffic: Traffic) -> Callable[..., Awaitable[None]]:
    async def count(request: Request, services: Held) -> None:
        await services.limits.count(request, traffic, client_of(request))

    return count


def _by_account(traffic: Traffic) -> Callable[..., Awaitable[None]]:
    async def count(request: Request, services: Held, caller: CurrentUser) -> None:
        await services.limits.count(request, traffic, caller.id.hex)

    return count
