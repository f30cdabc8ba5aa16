"""Where a request comes from, for the audit log."""

from typing import Annotated

from fastapi import Depends, Request

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
