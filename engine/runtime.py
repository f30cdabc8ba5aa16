"""What the engine's own library measures: slots, polls, latencies of tasks, failed tasks."""

import logging

from temporalio.runtime import LoggingConfig, PrometheusConfig, Runtime, TelemetryConfig

log = logging.getLogger(__name__)


def measured(address: str | None, logs: LoggingConfig | None = None) -> Runtime:
    """Have the library serve its figures at an address, which none but itself can do.

    Without an address, or when it is taken, there are none: a loan is worth more than a figure,
    and whoever asks for the figures misses them.

    Args:
        address: ``host:port``, the host as an IP address.
        logs: Where its own log goes; absent, to standard output in a form of its own.
    """
    logs = logs or LoggingConfig.default
    unmeasured = TelemetryConfig(logging=logs)
    if address is None:
        return Runtime(telemetry=unmeasured)
    figures = PrometheusConfig(
        bind_address=address,
        counters_total_suffix=True,
        unit_suffix=True,
        durations_as_seconds=True,
    )
    try:
        return Runtime(telemetry=TelemetryConfig(metrics=figures, logging=logs))
    except ValueError as error:
        log.error("no figures of the engine at %s: %s", address, error)  # noqa: TRY400  (no trace)
        return Runtime(telemetry=unmeasured)
