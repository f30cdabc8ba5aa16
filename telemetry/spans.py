"""What is asked of tracing. Who traces nothing is given None, and loads no library for it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from typing import Protocol

from telemetry.cause import caused_by, current
from telemetry.words import is_refusal, kind_of

Attributes = Mapping[str, str | int | None]


class Kind(StrEnum):
    """Which end of a call a span is seen from, as OpenTelemetry names it."""

    SERVER = "server"
    CLIENT = "client"
    INTERNAL = "internal"


class Span(Protocol):
    """A piece of work that is being measured. What is set on it holds names, ids and counts."""

    @property
    def traceparent(self) -> str: ...

    def rename(self, name: str) -> None: ...

    def set(self, attributes: Attributes) -> None: ...

    def fail(self, kind: str) -> None:
        """Mark it as failed, with the kind of failure and never its words."""

    def end(self) -> None: ...


class Tracer(Protocol):
    def start(
        self, name: str, kind: Kind, parent: str | None = None, attributes: Attributes | None = None
    ) -> Span: ...

    def close(self) -> None:
        """Send what is left. Takes two seconds at most, whatever the collector does."""


@contextmanager
def spanning(tracer: Tracer, name: str, kind: Kind, attributes: Attributes) -> Iterator[Span]:
    """Measure a block as a part of the work at hand, and what it causes as a part of the block."""
    cause = current()
    span = tracer.start(name, kind, cause.traceparent, attributes)
    try:
        with caused_by(replace(cause, traceparent=span.traceparent)):
            yield span
    except Exception as error:
        # That a rule said no is a good answer, and no failure.
        if is_refusal(error):
            span.set({"refusal": kind_of(error)})
        else:
            span.fail(kind_of(error))
        raise
    finally:
        span.end()
