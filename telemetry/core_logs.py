"""Brings what Temporal's library writes below Python into the log of the process."""

import logging
from typing import Final

from temporalio.runtime import LogForwardingConfig, LoggingConfig, TelemetryFilter

_LOGGER: Final = "temporalio.core"


def core_logs() -> LoggingConfig:
    """Return what the library is told at its start: by itself it writes to standard output."""
    return LoggingConfig(
        filter=TelemetryFilter(core_level="WARN", other_level="ERROR"),
        forwarding=LogForwardingConfig(
            logger=logging.getLogger(_LOGGER),
            # Where it comes from and what goes with it are fields of the line.
            append_target_to_name=False,
            prepend_target_on_message=False,
            append_log_fields_to_message=False,
        ),
    )
