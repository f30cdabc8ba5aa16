"""A span for each SQL statement of the work at hand: its text with placeholders, and no value."""

from typing import Final

from sqlalchemy import event
from sqlalchemy.engine import Connection, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine

from telemetry.cause import current
from telemetry.spans import Kind, Span, Tracer
from telemetry.words import kind_of

_SPAN: Final = "span"
_LONGEST: Final = 4_000


class _Statements:
    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def begin(self, connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        cause = current()
        if cause.traceparent is None:
            return  # of the process itself; a trace of one statement tells nothing
        connection.info[_SPAN] = self._tracer.start(
            statement.split(maxsplit=1)[0].upper(),
            Kind.CLIENT,
            cause.traceparent,
            {"db.system.name": "postgresql", "db.query.text": statement[:_LONGEST]},
        )

    def end(self, connection: Connection, *_: object) -> None:
        span: Span | None = connection.info.pop(_SPAN, None)
        if span is not None:
            span.end()

    def fail(self, failure: ExceptionContext) -> None:
        connection = failure.connection
        span: Span | None = connection.info.pop(_SPAN, None) if connection else None
        if span is not None:
            span.fail(kind_of(failure.original_exception))
            span.end()


def trace_statements(engine: AsyncEngine, tracer: Tracer) -> None:
    watched, statements = engine.sync_engine, _Statements(tracer)
    event.listen(watched, "before_cursor_execute", statements.begin)
    event.listen(watched, "after_cursor_execute", statements.end)
    event.listen(watched, "handle_error", statements.fail)
