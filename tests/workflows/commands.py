"""What a run told the server to do, read from its history as lines that people can review."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent, MarkerRecordedEventAttributes
from temporalio.client import WorkflowHistory

from engine.codec import EncryptionCodec
from tests.conftest import KEYS

# Of ids and times only that there is one: these differ from run to run.
_VOLATILE: Final = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d)?"), "<time>"),
)
_GIVEN_UP: Final = " given up"
_MANY: Final = 3
_LONGEST_ROUND: Final = 8
_CODEC: Final = EncryptionCodec(KEYS)


def kind_of(history: WorkflowHistory) -> str:
    """Return the name of the workflow that wrote it."""
    started = history.events[0].workflow_execution_started_event_attributes
    return started.workflow_type.name


async def commands(history: WorkflowHistory) -> tuple[str, ...]:
    """Return its commands in their order, between them what they answered to, indented less."""
    by_id = {event.event_id: event for event in history.events}
    lines = [await _line(event, by_id) for event in history.events]
    return folded([_steady(line) for line in lines if line])


def without_detours(lines: Sequence[str]) -> tuple[str, ...]:
    """Leave out what only says that the machine was slow: a fast path that was not fast enough.

    The operable path takes the same step then, with the same summary.
    """
    kept: list[str] = []
    for line in lines:
        if kept and _GIVEN_UP in kept[-1]:
            fast = kept[-1].replace(_GIVEN_UP, "")
            if line == fast.replace("  local", "  activity", 1):
                kept[-1] = fast
                continue
        kept.append(line)
    return tuple(kept)


def folded(lines: Sequence[str]) -> tuple[str, ...]:
    """Write rounds that follow each other once: how many there are is no matter of commands."""
    kept: list[str] = []
    at = 0
    while at < len(lines):
        size, times = _round_at(lines, at)
        kept += lines[at : at + size]
        if times >= _MANY:
            kept.append(f"  (the last {size} again and again)")
            at += size * times
        else:
            at += size
    return tuple(kept)


def _round_at(lines: Sequence[str], at: int) -> tuple[int, int]:
    """Return the shortest block from `at` on that repeats itself, and how often it is there."""
    for size in range(1, _LONGEST_ROUND + 1):
        block, times = lines[at : at + size], 1
        while lines[at + size * times : at + size * (times + 1)] == block:
            times += 1
        if times >= _MANY:
            return size, times
    return 1, 1


def _steady(line: str) -> str:
    for pattern, name in _VOLATILE:
        line = pattern.sub(name, line)
    return line


async def _line(event: HistoryEvent, by_id: Mapping[int, HistoryEvent]) -> str | None:
    """Return the line of an event, None for the server's own bookkeeping."""
    words = _heard(event) or await _told(event)
    # It is the start of a timer that says what it is for.
    fired = event.timer_fired_event_attributes.started_event_id
    metadata = by_id.get(fired, event).user_metadata
    if words is None or not metadata.HasField("summary"):
        return words
    return f"{words}: {await _decoded(metadata.summary)}"


def _heard(event: HistoryEvent) -> str | None:
    """Name what came from outside: it says why the commands that follow were issued."""
    match event.event_type:
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
            accepted = event.workflow_execution_update_accepted_event_attributes
            return f"update {accepted.accepted_request.input.name}"
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
            return f"signal {event.workflow_execution_signaled_event_attributes.signal_name}"
        case EventType.EVENT_TYPE_TIMER_FIRED:
            return "timer fired"
    return None


async def _told(event: HistoryEvent) -> str | None:
    match event.event_type:
        case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            scheduled = event.activity_task_scheduled_event_attributes
            return f"  activity {scheduled.activity_type.name}"
        case EventType.EVENT_TYPE_MARKER_RECORDED:
            return await _marker(event.marker_recorded_event_attributes)
        case EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
            upsert = event.upsert_workflow_search_attributes_event_attributes
            return f"  attributes {' '.join(sorted(upsert.search_attributes.indexed_fields))}"
        case EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
            child = event.start_child_workflow_execution_initiated_event_attributes
            return f"  child {child.workflow_type.name} {child.workflow_id}"
        case EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
            sent = event.signal_external_workflow_execution_initiated_event_attributes
            return f"  signal {sent.signal_name} to {sent.workflow_execution.workflow_id}"
    return _BARE.get(event.event_type)


_BARE: Final = {
    EventType.EVENT_TYPE_TIMER_STARTED: "  timer",
    EventType.EVENT_TYPE_TIMER_CANCELED: "  cancel timer",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: "  end",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED: "  fail",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW: "  continue as new",
}


async def _marker(marker: MarkerRecordedEventAttributes) -> str:
    match marker.marker_name:
        case "core_local_activity":
            data = await _decoded(marker.details["data"].payloads[0])
            return f"  local {data['activity_type']}{_outcome(marker)}"
        case "core_patch":
            patch = await _decoded(marker.details["patch-data"].payloads[0])
            return f"  patch {patch['id']}"
    return f"  marker {marker.marker_name}"


def _outcome(marker: MarkerRecordedEventAttributes) -> str:
    """Tell a refusal, which is an answer, from a fast path that was given up."""
    if not marker.HasField("failure"):
        return ""
    info = marker.failure.application_failure_info
    return f" refused {info.type}" if info.non_retryable else _GIVEN_UP


async def _decoded(payload: Payload) -> Any:
    (clear,) = await _CODEC.decode([payload])
    return json.loads(clear.data)
