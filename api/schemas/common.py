"""Wire forms that every resource shares: text, amounts, times, pages, problems."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Generic, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from domain.calendar import Period
from domain.money import parse_amount, parse_share

Item = TypeVar("Item")
ID = "01980a5e-6d3f-7cc2-9b1e-4f0d6a2b7c11"
ID_2 = "01980a5e-7f10-7a41-8d52-0c9b3e5f6a22"
ID_3 = "01980a5e-90aa-7be3-a6f4-1d2c4e6f8b33"
NOW = "2026-11-22T09:30:00Z"
LATER = "2026-11-25T09:30:00Z"


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("Text cannot hold the character NUL.")
    return text


def _instant(value: object) -> object:
    if not isinstance(value, str | datetime):
        raise ValueError("A time is a string such as 2026-11-22T09:30:00Z.")
    return value


def _utc(value: datetime) -> datetime:
    # Far from the ends of the calendar, so that adding a loan's length to it always works.
    if not 2000 <= value.year < 2200:
        raise ValueError("A time lies between the years 2000 and 2200.")
    return value.astimezone(UTC)


def rfc3339(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


# Lone surrogates are refused by Pydantic itself: such a string has no UTF-8 form.
Stripped = StringConstraints(strip_whitespace=True)
Title = Annotated[str, Stripped, AfterValidator(_storable), Field(min_length=1, max_length=200)]
Word = Annotated[str, Stripped, AfterValidator(_storable), Field(min_length=1, max_length=64)]
# What somebody typed into a search field, which may be nothing yet.
Typed = Annotated[str, Stripped, AfterValidator(_storable), Field(max_length=200)]
Prose = Annotated[str, AfterValidator(_storable), Field(max_length=5000)]
Note = Annotated[str, AfterValidator(_storable), Field(max_length=2000)]
Words = Annotated[str, Stripped, AfterValidator(_storable), Field(min_length=1, max_length=2000)]

# A string or an integer comes in, a string with two places goes out; a float never passes.
_DIGITS = {"type": "string", "pattern": r"^[0-9]{1,16}(\.[0-9]{1,2})?$"}
AmountIn = Annotated[
    Decimal,
    BeforeValidator(parse_amount),
    WithJsonSchema(
        {
            "anyOf": [_DIGITS, {"type": "integer", "exclusiveMinimum": 0}],
            "description": "Rials, greater than zero.",
        }
    ),
]
ShareIn = Annotated[
    Decimal,
    BeforeValidator(parse_share),
    WithJsonSchema(
        {
            "anyOf": [_DIGITS, {"type": "integer", "minimum": 0}],
            "description": "Rials; may be zero.",
        }
    ),
]
AmountOut = Annotated[
    Decimal,
    PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+\.[0-9]{2}$", "description": "Rials."}),
]
TimeIn = Annotated[AwareDatetime, BeforeValidator(_instant), AfterValidator(_utc)]
# Times are UTC wherever they come from: callers by TimeIn, the database by its connections.
TimeOut = Annotated[
    datetime,
    WithJsonSchema({"type": "string", "format": "date-time", "description": "UTC."}),
]


class Body(BaseModel):
    """What a caller sends. Fields we do not know are mistakes, not decoration."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Body):
    """A command that needs no words: `{}`, or no body at all."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class Page(BaseModel, Generic[Item]):
    items: list[Item]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


class Processing(BaseModel):
    """The outcome is not known yet; it will show where `poll` points."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"status": "processing", "poll": f"/api/v1/tickets/{ID}/"}]}
    )
    status: str = "processing"
    poll: str


class PeriodOut(BaseModel):
    """From `from` up to, not including, `to`."""

    model_config = ConfigDict(populate_by_name=True)
    starts_at: TimeOut = Field(alias="from")
    ends_at: TimeOut = Field(alias="to")

    @classmethod
    def of(cls, period: Period) -> Self:
        return cls(starts_at=period.starts_at, ends_at=period.ends_at)


class FieldError(BaseModel):
    pointer: str = Field(description="JSON pointer into the body, or /query/..., /header/...")
    message: str


class Problem(BaseModel):
    """RFC 9457. `code` never changes; `facts` holds what a program may want to read.

    `free` comes with a request for a time that is taken: the nearest others of its length.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    facts: dict[str, str] | None = None
    errors: list[FieldError] | None = None
    free: list[PeriodOut] | None = None
