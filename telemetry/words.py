"""What may be told of a failure: its kind, the places it went through, and words that are ours.

The words of libraries may quote what they were given: a row, an address, a URL with a key in it.
"""

import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from sqlalchemy.exc import DBAPIError
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory, TemporalError

ROOT: Final = Path(__file__).parent.parent
# Whoever raises an error of these rooms has written its text for others to read.
OURS: Final = frozenset({"domain", "models", "gateways", "activities", "workflows", "engine"})
_DEEPEST: Final = 5  # causes of causes
_PLACES: Final = 12
# SQLSTATE's classes of connections, transactions, locks, names and rights, resources, operators,
# and of what our own triggers raise. The others quote values.
_ABOUT_ITSELF: Final = frozenset({"08", "25", "40", "42", "53", "55", "57", "58", "P0"})
_UNREACHED: Final = frozenset({"OperationalError", "ConnectionTimeout"})
_DETAIL: Final = "\nDETAIL:"
_CODE: Final = re.compile(r"[a-z][a-z_]*")


def is_refusal(error: BaseException) -> bool:
    """Whether a rule said no: expected, final, and no fault."""
    failure = _told(error)
    return isinstance(failure, ApplicationError) and (
        failure.category is ApplicationErrorCategory.BENIGN
    )


def kind_of(error: BaseException) -> str:
    """Name a failure by its code, or else by its type."""
    failure = _told(error)
    if isinstance(failure, ApplicationError) and failure.type:
        return failure.type
    return type(failure).__name__


def in_our_words(error: BaseException) -> str:
    """Return its kind, and its text only if that is ours."""
    text = _text(error)
    return f"{kind_of(error)}: {text}" if text else kind_of(error)


def told_of(error: BaseException) -> dict[str, Any]:
    """Return the fields of a line that tells of a failure."""
    told: dict[str, Any] = {"error": kind_of(error)}
    if text := _text(error):
        told["message"] = text
    if causes := [in_our_words(cause) for cause in _causes(error)]:
        told["caused_by"] = causes
    if places := _places(error.__traceback__):
        told["where"] = places
    return told


def _told(error: BaseException) -> BaseException:
    """Look into what only wraps a failure that happened elsewhere."""
    while isinstance(error, TemporalError) and not isinstance(error, ApplicationError):
        cause = error.__cause__
        if cause is None:
            break
        error = cause
    return error


def _text(error: BaseException) -> str | None:
    failure = _told(error)
    if isinstance(failure, ApplicationError):
        # A plain exception arrives as one of these as well, under the name of its class.
        is_ours = failure.type is not None and _CODE.fullmatch(failure.type)
        return failure.message if is_ours else None
    if isinstance(failure, OSError):
        return failure.strerror
    if isinstance(failure, DBAPIError):
        return _text_of_database(failure.orig)
    return str(failure) if type(failure).__module__.partition(".")[0] in OURS else None


def _text_of_database(error: BaseException | None) -> str | None:
    """Return what it says of itself; of what was stored, only the name of the guard it broke."""
    state = getattr(error, "sqlstate", None)
    if state is None:  # it could not be reached, or the library gave up by itself
        return str(error).partition("\n")[0] if type(error).__name__ in _UNREACHED else None
    if state[:2] in _ABOUT_ITSELF:
        return f"{state} {str(error).partition(_DETAIL)[0].strip()}"
    guard = getattr(getattr(error, "diag", None), "constraint_name", None)
    return f"{state} {guard}" if guard else str(state)


def _causes(error: BaseException) -> Iterator[BaseException]:
    for _ in range(_DEEPEST):
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is None:
            return
        yield cause
        error = cause


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-_PLACES:]
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def _short(filename: str) -> str:
    path = Path(filename)
    if path.is_relative_to(ROOT) and "site-packages" not in path.parts:
        return str(path.relative_to(ROOT))
    return "/".join(path.parts[-2:])
