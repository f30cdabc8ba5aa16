"""What the work at hand was caused by: a request, who acts in it, and the trace it belongs to."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Cause:
    """Travels beside a command, and never inside: no rule of a loan depends on it.

    Attributes:
        request_id: The X-Request-ID of the answer.
        actor: The id of who acts, or `system`.
        traceparent: The span at hand, as W3C's Trace Context writes it; absent without tracing.
    """

    request_id: str | None = None
    actor: str | None = None
    traceparent: str | None = None

    @property
    def fields(self) -> dict[str, str]:
        """What a line of the log says of it."""
        said = {"request_id": self.request_id, "actor": self.actor}
        if self.traceparent:
            said["trace_id"] = self.traceparent.split("-")[1]
        return {name: value for name, value in said.items() if value}


NOTHING: Final = Cause()
_current: ContextVar[Cause] = ContextVar("cause", default=NOTHING)


def current() -> Cause:
    return _current.get()


@contextmanager
def caused_by(cause: Cause) -> Iterator[None]:
    """Name the cause of what is done in a block."""
    token = _current.set(cause)
    try:
        yield
    finally:
        _current.reset(token)


def from_here_on(cause: Cause) -> None:
    """Name the cause of all else that the running task does, and of the tasks it starts.

    For the handlers of workflows: one that is evicted is closed from outside of its own context,
    where nothing can be set back.
    """
    _current.set(cause)


def acted_by(actor: object) -> None:
    """Say who acts, once that is known."""
    _current.set(replace(_current.get(), actor=str(actor)))
