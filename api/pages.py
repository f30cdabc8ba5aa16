"""Keyset cursors: where the next page begins, opaque to the caller."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Self, TypeVar
from uuid import UUID

from fastapi import Query

from domain.errors import ValidationFailed

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MOST: Final = 2**63  # of what PostgreSQL calls a bigint


@dataclass(frozen=True)
class Moment:
    """A place in a list that is in order of time: when, and which of those at that instant."""

    at: datetime
    seq: int

    @classmethod
    def parse(cls, text: str) -> Self:
        micros, _, seq = text.partition(".")
        if not 0 <= int(seq) < _MOST:
            raise ValueError("no such place")
        try:
            return cls(_EPOCH + int(micros) * _MICROSECOND, int(seq))
        except OverflowError as error:
            raise ValueError("no such time") from error

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // _MICROSECOND}.{self.seq}"


Item = TypeVar("Item")
Key = TypeVar("Key", UUID, Moment)

Limit = Annotated[int, Query(ge=1, le=100, description="How many items at most.")]
Cursor = Annotated[
    str | None,
    Query(max_length=100, description="`next` of the page before; absent for the first."),
]


def cursor_of(key: UUID | Moment) -> str:
    return base64.urlsafe_b64encode(str(key).encode()).decode().rstrip("=")


def key_in(cursor: str | None, kind: Callable[[str], Key]) -> Key | None:
    """Return the key that a cursor stands for, None for the first page.

    Raises:
        ValidationFailed: We never gave out such a cursor.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = kind(base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii"))
    except (binascii.Error, ValueError) as error:
        raise ValidationFailed("/query/cursor", "This is not a cursor of this list.") from error
    if cursor_of(key) != cursor:
        raise ValidationFailed("/query/cursor", "This is not a cursor of this list.")
    return key


def cut(
    rows: Sequence[Item], limit: int, key: Callable[[Item], UUID | Moment]
) -> tuple[Sequence[Item], str | None]:
    """Split the one row too many that was asked for into «there is more»."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], cursor_of(key(rows[limit - 1]))
