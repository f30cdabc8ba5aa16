"""Tracing by OpenTelemetry: spans are sent by OTLP over HTTP, in the background.

Nothing here waits for the collector: what it does not take is dropped once the queue is full.
"""

import os
import socket
import threading
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace import Span as OpenTelemetrySpan

from telemetry.cause import current
from telemetry.spans import Attributes, Kind, Span

_SEND_EVERY_MS: Final = 1000
_ANSWER_WITHIN_S: Final = 5
_LAST_WORDS_S: Final = 2
_KINDS: Final = {
    Kind.SERVER: SpanKind.SERVER,
    Kind.CLIENT: SpanKind.CLIENT,
    Kind.INTERNAL: SpanKind.INTERNAL,
}


class OpenTelemetry:
    """The tracer of one process."""

    def __init__(self, service: str, endpoint: str, ratio: float, version: str) -> None:
        self._provider = TracerProvider(
            # The callers' wishes do not count: a stranger could ask for every request.
            sampler=ParentBased(TraceIdRatioBased(ratio)),
            resource=Resource.create(
                {
                    "service.namespace": "assets",
                    "service.name": service,
                    "service.version": version,
                    "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
                }
            ),
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(endpoint, timeout=_ANSWER_WITHIN_S)
        self._provider.add_span_processor(
            BatchSpanProcessor(exporter, schedule_delay_millis=_SEND_EVERY_MS)
        )
        self._tracer = self._provider.get_tracer("assets")

    def start(
        self, name: str, kind: Kind, parent: str | None = None, attributes: Attributes | None = None
    ) -> Span:
        cause = current()
        about = {"request_id": cause.request_id, "actor": cause.actor, **(attributes or {})}
        return _Span(
            self._tracer.start_span(
                name, _parent(parent), _KINDS[kind], {n: v for n, v in about.items() if v}
            )
        )

    def close(self) -> None:
        # The SDK would wait for half a minute; a thread of its own ends with the process.
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(_LAST_WORDS_S)


class _Span:
    def __init__(self, span: OpenTelemetrySpan) -> None:
        self._span = span
        where = span.get_span_context()
        self.traceparent = f"00-{where.trace_id:032x}-{where.span_id:016x}-{where.trace_flags:02x}"

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def set(self, attributes: Attributes) -> None:
        self._span.set_attributes({n: v for n, v in attributes.items() if v is not None})

    def fail(self, kind: str) -> None:
        self._span.set_attribute("error.type", kind)
        self._span.set_status(Status(StatusCode.ERROR))

    def end(self) -> None:
        self._span.end()


def _parent(traceparent: str | None) -> Context:
    """Return the context in which a span begins: below another one, or a trace of its own."""
    if traceparent is None:
        return Context()
    _, trace_id, span_id, flags = traceparent.split("-")
    where = SpanContext(
        int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16))
    )
    return set_span_in_context(NonRecordingSpan(where), Context())
