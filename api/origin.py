"""Where a request comes from, for the audit log."""

from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Request

from api.deps import CurrentUser
from api.problems import request_id
from domain.audit import Origin


def origin_of(request: Request) -> Origin:
    """Return where a request comes from; the caller's login is added by who knows it.

    The address is the connection's: uvicorn has put the proxy's client there, and only of a proxy
    that FORWARDED_ALLOW_IPS names.
    """
    return Origin(request.client.host if request.client else None, request_id(request))


async def _origin(request: Request) -> Origin:
    return origin_of(request)


From = Annotated[Origin, Depends(_origin)]


async def _origin_of_caller(request: Request, caller: CurrentUser) -> Origin:
    return replace(origin_of(request), session_id=caller.session_id)


# The same, with the login that was used.
FromCaller = Annotated[Origin, Depends(_origin_of_caller)]
