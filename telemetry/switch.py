"""Turns tracing on, if there is somewhere to send it. Without that, none of it is loaded."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from telemetry.spans import Tracer


def tracer_to(service: str, endpoint: str | None, ratio: float, version: str) -> Tracer | None:
    """Make the tracer of this process.

    Args:
        service: What this process is.
        endpoint: Where spans are sent by OTLP/HTTP; None traces nothing.
        ratio: The part of the traces that is kept, from 0 to 1.
        version: Of the code that it runs.
    """
    if endpoint is None:
        return None
    from telemetry.tracing import OpenTelemetry  # noqa: PLC0415  (costs time and memory)

    return OpenTelemetry(service, endpoint, ratio, version)


@asynccontextmanager
async def traced(tracer: Tracer | None) -> AsyncIterator[None]:
    """Send what is left when a block ends."""
    try:
        yield
    finally:
        if tracer:
            tracer.close()
