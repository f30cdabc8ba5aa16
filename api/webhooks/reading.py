"""How calls of providers are read. What nobody can read is refused; what is unknown passed by."""

import hmac
from datetime import UTC, datetime
from typing import Annotated, TypeVar
from urllib.parse import parse_qsl

from pydantic import AfterValidator, StringConstraints, TypeAdapter, ValidationError

from api.problems import Refusal
from domain.errors import NotAuthenticated

Form = TypeVar("Form")
# A provider's name for a message. All of them are of visible ASCII.
Name = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,500}$")]


def _in_utc(value: datetime) -> datetime:
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


# RFC 3339, or seconds since 1970 as a number or as text.
Instant = Annotated[datetime, AfterValidator(_in_utc)]


def read_json(form: TypeAdapter[Form], body: bytes) -> Form:
    """Read a body whose sender is known.

    Raises:
        Refusal: It is not of this form.
    """
    try:
        return form.validate_json(body)
    except ValidationError:
        raise malformed() from None


def read_fields(form: TypeAdapter[Form], fields: object) -> Form:
    """Do the same with what was in a query or an HTML form."""
    try:
        return form.validate_python(fields)
    except ValidationError:
        raise malformed() from None


def pairs(text: str | bytes) -> list[tuple[str, str]]:
    """Return names and values of a query or an HTML form, in their order, empty ones included."""
    plain = text if isinstance(text, str) else text.decode(errors="replace")
    return parse_qsl(plain, keep_blank_values=True)


def is_same(given: str | bytes, expected: str | bytes) -> bool:
    """Compare in a time that does not tell how much of a guess was right."""
    return hmac.compare_digest(_octets(given), _octets(expected))


def _octets(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode(errors="surrogateescape")


def forged() -> NotAuthenticated:
    return NotAuthenticated("This call is not proven to be the provider's.")


def malformed() -> Refusal:
    return Refusal("malformed_report", "The provider's call could not be read.")
