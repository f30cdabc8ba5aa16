"""Keyset cursors: where the next page begins, opaque to the caller."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Query

from domain.errors import ValidationFailed

Item = TypeVar("Item")
Key = TypeVar("Key", UUID, int)

Limit = Annotated[int, Query(ge=1, le=100, description="How many items at most.")]
Cursor = Annotated[
    str | None,
    Query(max_length=100, description="`next` of the page before; absent for the first."),
]


def cursor_of(key: UUID | int) -> str:
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
    if cursor_of(key) != cursor or (isinstance(key, int) and abs(key) >= 2**63):
        raise ValidationFailed("/query/cursor", "This is not a cursor of this list.")
    return key


def cut(
    rows: Sequence[Item], limit: int, key: Callable[[Item], UUID | int]
) -> tuple[Sequence[Item], str | None]:
    """Split the one row too many that was asked for into «there is more»."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], cursor_of(key(rows[limit - 1]))
