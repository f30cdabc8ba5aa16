"""What the API measures of requests. A label holds a route's template, never a caller's path."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

# A read takes 2 ms and a write 20; a write whose outcome is not known after 10 s is answered 202.
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class RequestMeasures:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._answers = Counter(
            "assets_http_requests",
            "Requests that were answered.",
            ["route", "method", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "assets_http_request_duration_seconds",
            "Time until an answer began; what follows goes at the pace of its reader.",
            ["route", "method"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._refusals = Counter(
            "assets_http_refusals", "Problems that were answered.", ["code"], registry=registry
        )
        self._in_flight = 0  # requests share one event loop, so this needs no lock
        in_flight = Gauge(
            "assets_http_requests_in_flight",
            "Requests without an answer so far.",
            registry=registry,
        )
        in_flight.set_function(lambda: self._in_flight)

    def begin(self) -> None:
        self._in_flight += 1

    def end(self) -> None:
        self._in_flight -= 1

    def answered(self, route: str, method: str, status: str, seconds: float) -> None:
        self._answers.labels(route, method, status).inc()
        self._seconds.labels(route, method).observe(seconds)

    def refused(self, code: str) -> None:
        self._refusals.labels(code).inc()
