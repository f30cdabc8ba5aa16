"""What a worker measures of steps: every attempt, on which path, and how it ended."""

import time
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

# The fast path is given up after 2 s; the longest step, a round of messages, may take minutes.
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30)


class StepMeasures:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._attempts = Counter(
            "assets_step_attempts",
            "Attempts at steps: `fast` in the workflow's own task, `operable` ones in the UI.",
            ["step", "path", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "assets_step_duration_seconds",
            "Time that an attempt took.",
            ["step", "path"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._repeats = Counter(
            "assets_step_repeats",
            "Attempts that were not the first one.",
            ["step", "path"],
            registry=registry,
        )
        self._done_at = Gauge(
            "assets_step_last_success_timestamp_seconds",
            "When this worker was last done with a step.",
            ["step"],
            registry=registry,
        )

    def attempted(self, step: str, path: str, outcome: str, number: int, seconds: float) -> None:
        """Count an attempt, the first of which has the number 1."""
        self._attempts.labels(step, path, outcome).inc()
        self._seconds.labels(step, path).observe(seconds)
        if number > 1:
            self._repeats.labels(step, path).inc()
        if outcome == "ok":
            self._done_at.labels(step).set(time.time())
