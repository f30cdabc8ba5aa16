"""Tracing that is off is not even loaded; what runs today goes on when it is turned on or off."""

import subprocess
import sys
from pathlib import Path

import pytest
from temporalio.common import HeaderCodecBehavior
from temporalio.worker import Replayer

from engine.client import data_converter
from telemetry.propagation import Propagation
from telemetry.spans import Kind
from telemetry.switch import tracer_to
from tests.conftest import KEYS
from tests.telemetry.once import OnlyOnce
from tests.workflows import recorded
from worker import WORKFLOWS

SAMPLED = 1
ROOT = Path(__file__).parent.parent.parent


def test_without_an_address_nothing_of_it_is_loaded() -> None:
    code = (
        "import sys, worker, api.app\n"
        "from telemetry.switch import tracer_to\n"
        "assert tracer_to('api', None, 1.0, 'v') is None\n"
        "print(*sorted(name for name in sys.modules if name.startswith('opentelemetry.sdk')))\n"
        "print(*sorted(name for name in sys.modules if name.startswith('opentelemetry.exporter')))"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout

    assert loaded.split() == []


@pytest.mark.parametrize("path", recorded.all_of_them(), ids=lambda path: path.stem)
async def test_a_recorded_history_replays_with_tracing_and_leaves_no_span(path: Path) -> None:
    tracer = OnlyOnce()
    replayer = Replayer(
        workflows=WORKFLOWS,
        data_converter=data_converter(KEYS),
        interceptors=[Propagation(tracer)],
        header_codec_behavior=HeaderCodecBehavior.CODEC,
    )

    await replayer.replay_workflow(recorded.load(path))

    assert tracer.asked_for == []


def test_a_part_of_the_traces_is_kept() -> None:
    tracer = tracer_to("api", "http://127.0.0.1:9/v1/traces", 0.0, "v")
    assert tracer
    span = tracer.start("GET", Kind.SERVER)
    inner = tracer.start("SELECT", Kind.CLIENT, span.traceparent)

    # Said along with the trace, so that all of it is kept or none.
    for traceparent in (span.traceparent, inner.traceparent):
        assert int(traceparent.split("-")[3], 16) & SAMPLED == 0
    assert inner.traceparent.split("-")[1] == span.traceparent.split("-")[1]
    tracer.close()
