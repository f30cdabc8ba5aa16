"""Failures as operators read them: a few words and our innermost frames, encrypted.

The server keeps no more than 4 KB of an activity's last failure, and replaces a larger one by
"Failure exceeds size limit". What SQLAlchemy raises is larger: two errors, each with the statement
and all frames of the library. The whole of it stands in the worker's log.
"""

from pathlib import Path
from typing import Final

from temporalio.api.failure.v1 import Failure
from temporalio.converter import DefaultFailureConverter, PayloadConverter

_MESSAGE_SIZE: Final = 500
_STACK_SIZE: Final = 400
_LEVELS: Final = 3  # what went wrong, and what that came from
_FRAMES: Final = 2
_STATEMENT: Final = "\n[SQL:"
_FRAME: Final = '  File "'
_OTHERS: Final = "site-packages"
_ROOT: Final = f"{Path(__file__).parent.parent}/"
_HIDDEN: Final = "Encoded failure"


class BriefFailureConverter(DefaultFailureConverter):
    """Keeps failures short, and their words and stack traces for those with the keys."""

    def to_failure(
        self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure
    ) -> None:
        """Write an exception down; also called for each cause of it, from the outside in."""
        super().to_failure(exception, payload_converter, failure)
        told = {
            "message": _message(failure.message),
            "stack_trace": _innermost(failure.stack_trace),
        }
        failure.encoded_attributes.CopyFrom(payload_converter.to_payloads([told])[0])
        failure.message, failure.stack_trace = _HIDDEN, ""
        _cut_causes(failure)


def _message(text: str) -> str:
    words = text.partition(_STATEMENT)[0]
    return words if len(words) <= _MESSAGE_SIZE else words[: _MESSAGE_SIZE - 1] + "…"


def _innermost(stack_trace: str) -> str:
    """Keep the innermost frames of our own code, or of others' where there are none of ours."""
    frames = [_FRAME + frame for frame in stack_trace.split(_FRAME)[1:]]
    ours = [frame for frame in frames if _OTHERS not in frame] or frames
    return "".join(ours[-_FRAMES:]).replace(_ROOT, "")[-_STACK_SIZE:]


def _cut_causes(failure: Failure) -> None:
    for _ in range(_LEVELS - 1):
        if not failure.HasField("cause"):
            return
        failure = failure.cause
    failure.ClearField("cause")
