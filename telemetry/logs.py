"""How processes write their log: one JSON object per line, on standard output."""

import logging
import sys
import time
from collections.abc import MutableMapping
from typing import Any, Final

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.types import Processor
from temporalio import activity, workflow

from telemetry.cause import current
from telemetry.words import in_our_words, told_of

# Their lines quote URLs, and some providers take their key there.
_QUIET: Final = ("httpx", "httpcore", "hpack", "urllib3")
_SERVER: Final = ("uvicorn", "uvicorn.error")
# Its lines hold whole URLs, and a query may be a secret; the API writes a line of its own.
_ACCESS: Final = "uvicorn.access"
# What the SDK knows of a workflow or an activity, and what we call it.
_NAMES: Final = {
    "workflow_id": "workflow_id",
    "run_id": "run_id",
    "workflow_run_id": "run_id",
    "workflow_type": "workflow",
    "activity_type": "activity",
    "attempt": "attempt",
    "update_id": "update_id",
    "update_name": "update",
}
_ONCE_PER_S: Final = 60.0
Event = MutableMapping[str, Any]


def configure_structlog() -> None:
    """Set up what writes an API's own lines."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _add_cause,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Where it happened, without the values of local variables: they may be secrets.
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=True,
    )


def configure_process(level: str) -> None:
    """Write all that this process logs in the same form, libraries and the engine's core included.

    For processes that are ours alone: it takes the place of every handler that is there.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_formatter())
    handler.addFilter(_without_foreign_words)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _SERVER:
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger(_ACCESS).handlers.clear()
    logging.getLogger(_ACCESS).propagate = False
    # A collector that is away is told of now and then, and not with every batch of spans.
    logging.getLogger("opentelemetry").setLevel(logging.WARNING)
    handler.addFilter(_Seldom("opentelemetry"))
    # They are fields of a line, and need not stand in its text as well.
    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False
    logging.getLogger("temporalio.activity").addFilter(_is_told_by_us)


def _formatter() -> ProcessorFormatter:
    before: list[Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.processors.add_log_level,
        _add_fields,
        _add_cause,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _tell_failure,
    ]
    return ProcessorFormatter(
        foreign_pre_chain=before,
        processors=[
            ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )


def _add_cause(_logger: object, _method: str, event: Event) -> Event:
    for name, value in current().fields.items():
        event.setdefault(name, value)
    return event


def _add_fields(_logger: object, _method: str, event: Event) -> Event:
    """Take over what was given beside the text: by the SDK, by its core, and by ourselves."""
    record: logging.LogRecord = event["_record"]
    for given in ("temporal_workflow", "temporal_activity", "temporal_update"):
        known = getattr(record, given, None) or {}
        event.update({ours: known[name] for name, ours in _NAMES.items() if name in known})
    if core := getattr(record, "temporal_log", None):
        event.update(target=core.target, core={k: str(v)[:500] for k, v in core.fields.items()})
    event.update(getattr(record, "fields", {}))
    return event


def _tell_failure(_logger: object, _method: str, event: Event) -> Event:
    failure = event.pop("exc_info", None)
    if failure is True:
        failure = sys.exc_info()
    if isinstance(failure, tuple):
        failure = failure[1]
    if isinstance(failure, BaseException):
        event.update(told_of(failure))
    return event


def _without_foreign_words(record: logging.LogRecord) -> bool:
    """Keep what a library says about its failure out of a line's text."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            in_our_words(arg) if isinstance(arg, BaseException) else arg for arg in record.args
        )
    return True


def _is_told_by_us(record: logging.LogRecord) -> bool:
    """Leave out what the SDK says about a failed step, with all its words: steps.py tells of it."""
    return getattr(record, "__temporal_error_identifier", None) != "ActivityFailure"


class _Seldom(logging.Filter):
    """Lets the same complaint of one library pass once a minute."""

    def __init__(self, library: str) -> None:
        super().__init__(library)
        self._passed: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not super().filter(record):
            return True  # of somebody else
        now = time.monotonic()
        if now - self._passed.get(str(record.msg), -_ONCE_PER_S) < _ONCE_PER_S:
            return False
        self._passed[str(record.msg)] = now
        return True
