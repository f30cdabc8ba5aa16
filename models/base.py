"""What every table shares: constraint names, UTC times, enums as text with a CHECK."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from sqlalchemy import DateTime, Enum, MetaData, Numeric, Uuid, func
from sqlalchemy.orm import DeclarativeBase, mapped_column
from uuid_utils.compat import uuid7

NAMES = {
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s",
    "fk": "%(table_name)s_%(column_0_name)s_fkey",
    "pk": "%(table_name)s_pkey",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy's own class attribute)
        datetime: DateTime(timezone=True),
        Decimal: Numeric(18, 2),
        UUID: Uuid,
    }


def new_id() -> UUID:
    """Make a UUIDv7: unique without asking the database, and in order of time for its indexes."""
    return uuid7()


def choice(members: type[StrEnum]) -> Enum:
    """Map an enum to text. The CHECK is in the migration: a new member is then a plain change."""
    return Enum(
        members, native_enum=False, length=24, values_callable=lambda e: [m.value for m in e]
    )


Id = Annotated[UUID, mapped_column(primary_key=True, default=new_id)]
CreatedAt = Annotated[datetime, mapped_column(server_default=func.now())]
