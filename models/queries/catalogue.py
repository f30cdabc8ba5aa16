"""Lists and searches of assets, newest first."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Row,
    Select,
    bindparam,
    func,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from domain.calendar import Period
from models.queries import calendar
from models.queries.assets import ASSETS, SHOWN

# So many of the newest are read through before the index of words is asked.
_READ_THROUGH: Final = 500
_LIMIT: Final = bindparam("limit", type_=Integer, literal_execute=True)
_FILTERS: Final = {
    "owner_id": ASSETS.c.owner_id == bindparam("owner_id"),
    "category": ASSETS.c.category == bindparam("category"),
    "before": ASSETS.c.id < bindparam("before"),
}
_Yes = ColumnElement[bool]


async def page(  # noqa: PLR0913  (each is a filter of the list)
    session: AsyncSession,
    *,
    owner_id: UUID | None = None,
    category: str | None = None,
    text: str | None = None,
    free: Period | None = None,
    before: UUID | None = None,
    limit: int,
) -> Sequence[Row[Any]]:
    """List an owner's assets, or without one those on offer; newest first, older than `before`.

    Each word of `text` begins one of the asset's, and nobody holds it in any part of `free`.
    """
    filters: dict[str, object] = {
        "owner_id": owner_id,
        "category": category,
        "text": text,
        "before": before,
        **(calendar.parameters(free) if free else {}),
    }
    values = {name: value for name, value in filters.items() if value is not None}
    statement = _list(frozenset(values))
    rows: Sequence[Row[Any]] = (await session.execute(statement, values | {"limit": limit})).all()
    return rows


@cache
def _list(given: frozenset[str]) -> Select[Any]:
    """Make the statement of a list, once for each choice of filters."""
    wanted = [condition for name, condition in _FILTERS.items() if name in given]
    if "owner_id" not in given:
        wanted.append(ASSETS.c.is_listed)
    is_searched, must_be_free = "text" in given, "starts_at" in given
    if is_searched:
        wanted = [ASSETS.c.id.in_(_found(wanted, must_be_free=must_be_free))]
    elif must_be_free:
        wanted.append(calendar.is_free(ASSETS.c.id))
    return select(*SHOWN).where(*wanted).order_by(ASSETS.c.id.desc()).limit(_LIMIT)


def _found(wanted: Sequence[_Yes], *, must_be_free: bool) -> Select[tuple[UUID]]:
    """Find the ids of the newest assets with all words.

    A word that many assets have is soon met on the way from the newest back, and reading all that
    have it would take long. A rare one is not, and there the index is quick. The database cannot
    know which it is when it comes to several words, so both ways stand in one statement, and the
    second is taken only when the first did not find enough.
    """
    # Made once, and not for each row that it is held against.
    asked = select(func.search_query(bindparam("text")).label("words")).cte("asked")
    query = select(asked.c.words).scalar_subquery()
    walk = select(ASSETS.c.id, ASSETS.c.words).where(*wanted).order_by(ASSETS.c.id.desc())
    newest = walk.limit(_written(_READ_THROUGH)).subquery()
    first = select(newest.c.id).where(newest.c.words.bool_op("@@")(query))
    boundary = (
        walk.with_only_columns(ASSETS.c.id).offset(_written(_READ_THROUGH)).limit(_written(1))
    )
    older = select(ASSETS.c.id).where(
        *wanted,
        ASSETS.c.words.bool_op("@@")(query),
        # Said so that the database does not take it for a reason to read all of them in order.
        (ASSETS.c.id <= boundary.scalar_subquery()).is_(True),
    )
    if must_be_free:
        first = first.where(calendar.is_free(newest.c.id))
        older = older.where(calendar.is_free(ASSETS.c.id))
    rest = older.offset(_written(0)).subquery()
    second = select(rest.c.id).order_by(rest.c.id.desc()).limit(_LIMIT)
    both = union_all(first.limit(_LIMIT), second).limit(_LIMIT).subquery()
    return select(both.c.id)


def _written(number: int) -> BindParameter[int]:
    """Return a limit that stands in the statement.

    A plan that is to serve any limit looks so dear to the database that it makes a new one each
    time, and that takes longer than the search.
    """
    return bindparam(None, number, literal_execute=True)
