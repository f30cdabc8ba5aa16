"""Who may call each route. One that does not say so keeps the application from starting.

A route that asks for `CurrentUser`, `Operator` or `Admin` says it by that, because those are marked
with `guards`. All others are marked themselves: with `everyone`, or with `own` when they check who
calls in a way of their own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import BaseRoute

Function = TypeVar("Function", bound=Callable[..., Any])
_MARK: Final = "__policy__"
_LOGIN: Final = "__takes_login__"


class Policy(StrEnum):
    """In order of strictness: of several guards the last one in this list decides."""

    EVERYONE = "everyone"
    OWN = "own"  # its own authentication: a signature, a single-use token, the gateway's word
    SIGNED_IN = "signed_in"
    OPERATOR = "operator"
    ADMIN = "admin"


_ORDER: Final = tuple(Policy)
# What the framework serves beside our routes: the reference, which is no secret.
_PLAIN: Final[Mapping[str, Policy]] = dict.fromkeys(
    ("/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"), Policy.EVERYONE
)


class UndeclaredRoute(RuntimeError):
    """A route says nothing of who may call it, or two things that exclude each other."""


def guards(policy: Policy) -> Callable[[Function], Function]:
    """Mark a dependency: it lets nobody pass but those whom the policy names."""

    def mark(function: Function) -> Function:
        setattr(function, _MARK, policy)
        return function

    return mark


def everyone(endpoint: Function) -> Function:
    """Mark a route that anybody may call, logged in or not."""
    return guards(Policy.EVERYONE)(endpoint)


def own(endpoint: Function) -> Function:
    """Mark a route that has its own way to tell who calls, such as a token in the body."""
    return guards(Policy.OWN)(endpoint)


def takes_login(function: Function) -> Function:
    """Mark a dependency that knows a caller by their login, and lets others pass as well."""
    setattr(function, _LOGIN, True)
    return function


def check(routes: Sequence[BaseRoute]) -> None:
    """Hold every route against the rule that each has a policy, mounted applications included.

    Raises:
        UndeclaredRoute: The message names all that have none.
    """
    silent = [fault for route in iter_route_contexts(routes) if (fault := _fault(route))]
    if silent:
        raise UndeclaredRoute("\n".join(silent))


@dataclass(frozen=True)
class Access:
    """What the OpenAPI document says of a route: its policy, and whether a login is of use."""

    policy: Policy
    takes_login: bool


def by_operation(routes: Sequence[BaseRoute]) -> dict[str, Access]:
    """Return who may call the routes, by the ids of their operations."""
    found = ((route, policy_of(route)) for route in iter_route_contexts(routes))
    return {
        route.name: Access(policy, any(hasattr(call, _LOGIN) for call in _calls(route)))
        for route, policy in found
        if route.name and policy
    }


def policy_of(route: RouteContext) -> Policy | None:
    """Return who may call a route; None if it does not say so, or contradicts itself."""
    declared = getattr(route.endpoint, _MARK, None)
    guarding = (getattr(call, _MARK, None) for call in _calls(route))
    guarded = max(filter(None, guarding), key=_ORDER.index, default=None)
    if declared and guarded:
        return None
    return declared or guarded or _PLAIN.get(route.path or "")


def _calls(route: RouteContext) -> Iterator[object]:
    """Go through all that a route asks for; the route itself is not a part of that."""
    waiting: list[Dependant] = list(getattr(getattr(route, "dependant", None), "dependencies", ()))
    while waiting:
        needed = waiting.pop()
        yield needed.call
        waiting += needed.dependencies


def _fault(route: RouteContext) -> str | None:
    if policy_of(route) is not None:
        return None
    methods = ",".join(sorted(route.methods or ())) or type(route.original_route).__name__
    what = "is open and guarded at once" if hasattr(route.endpoint, _MARK) else "has no policy"
    return (
        f"{methods} {route.path} ({route.name}) {what}: let it ask for CurrentUser, Operator or "
        f"Admin of api/deps.py, or mark it with one of @everyone and @own of api/policy.py"
    )
