"""The form of a process's log, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
SET_UP = """
import logging
from telemetry.cause import Cause, caused_by
from telemetry.logs import configure_process
configure_process("info")
log = logging.getLogger("of.a.library")
"""


def written_by(code: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-c", SET_UP + code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert not done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_line_is_an_object_with_what_caused_it() -> None:
    [line] = written_by(
        """
parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
with caused_by(Cause("some-request", "sara", parent)):
    log.info("moved %s", 5)
"""
    )

    assert (line["event"], line["level"], line["logger"]) == ("moved 5", "info", "of.a.library")
    assert (line["request_id"], line["actor"]) == ("some-request", "sara")
    assert line["trace_id"] == "0af7651916cd43dd8448eb211c80319c"


def test_a_stack_trace_is_a_list_of_places_without_the_words_of_others() -> None:
    [line, other] = written_by(
        """
def fails():
    raise ValueError("Key (email)=(sara@example.test)")
try:
    fails()
except ValueError as error:
    log.exception("it went wrong")
    log.warning("it went wrong: %s", error)
"""
    )

    assert (line["event"], line["error"]) == ("it went wrong", "ValueError")
    assert line["where"][-1].endswith(" fails")
    assert other["event"] == "it went wrong: ValueError"
    assert "sara" not in str(line) + str(other)


def test_what_the_sdk_knows_are_fields() -> None:
    [line] = written_by(
        """
known = {"workflow_id": "ticket:1", "workflow_run_id": "r", "activity_type": "move_ticket"}
log.warning("slow", extra={"temporal_activity": known | {"attempt": 3, "namespace": "default"}})
"""
    )

    assert (line["workflow_id"], line["run_id"]) == ("ticket:1", "r")
    assert (line["activity"], line["attempt"]) == ("move_ticket", 3)
    assert "namespace" not in line


def test_addresses_of_providers_stay_out() -> None:
    assert not written_by('logging.getLogger("httpx").info("GET https://host/KEY/send")')


def test_a_collector_that_is_away_is_told_of_once_in_a_while() -> None:
    [line] = written_by(
        """
for _ in range(100):
    logging.getLogger("opentelemetry.exporter").error("Failed to export %s", "spans")
"""
    )

    assert line["event"] == "Failed to export spans"
