"""What a worker measures of calls to the gateway and to the providers of messages."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

# They are given up after 15 s.
_BUCKETS: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15)


class CallMeasures:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter(
            "assets_gateway_calls",
            "Calls to outside systems, by what came of them.",
            ["gateway", "operation", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "assets_gateway_call_duration_seconds",
            "Time until an outside system had answered, or was given up.",
            ["gateway", "operation"],
            buckets=_BUCKETS,
            registry=registry,
        )

    def called(self, gateway: str, operation: str, outcome: str, seconds: float) -> None:
        self._calls.labels(gateway, operation, outcome).inc()
        self._seconds.labels(gateway, operation).observe(seconds)
