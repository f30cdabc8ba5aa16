"""Which methods a path takes, for the `Allow` header of a 405."""

from typing import Final

from fastapi import Request
from starlette.routing import Match

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def allowed_methods(request: Request) -> str:
    """List the methods of all routes at this path: each route knows only its own."""
    routes = request.app.router.routes
    taken = (
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes
        )
    )
    return ", ".join(taken)
