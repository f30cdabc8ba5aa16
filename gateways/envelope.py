"""How Zarinpal wraps an answer, and how it is told apart from a refusal and from noise.

The wrapper is not of one shape: the member that is empty comes as ``[]``, ``{}``, ``null`` or not
at all, and numbers come as numbers or as text. So nothing here relies on a fixed schema.
"""

import re
from collections.abc import Collection
from decimal import Decimal
from typing import Final

import httpx

from gateways.errors import Declined, OutcomeUnknown
from gateways.result_codes import classify

JsonObject = dict[str, object]

_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")
_LONGEST_MESSAGE: Final = 500


def unwrap(response: httpx.Response, successes: Collection[int], secret: str) -> JsonObject:
    """Return the `data` of an answer whose code is one of `successes`.

    The body decides, whatever the HTTP status is: errors have been seen with 200 as with 4xx.

    Args:
        response: Any answer, of any status and content.
        successes: The codes that mean success in this call.
        secret: What must not be quoted from the answer, should the gateway repeat it.

    Raises:
        Declined: The gateway answered with an error code.
        OutcomeUnknown: It is anything else, or both at once.
    """
    envelope = _decode(response)
    data, errors = as_object(envelope.get("data")), as_object(envelope.get("errors"))
    accepted = integer(data.get("code")) in successes
    code = integer(errors.get("code"))
    if accepted == (code is not None):
        raise OutcomeUnknown(f"HTTP {response.status_code} without a recognisable answer")
    if code is None:
        return data
    result_class, meaning = classify(code)
    raise Declined(code, meaning + _words(errors, secret), result_class)


def _decode(response: httpx.Response) -> JsonObject:
    try:
        return as_object(response.json())
    except (ValueError, RecursionError):  # not JSON, not text, or nested without end
        return {}


def _words(errors: JsonObject, secret: str) -> str:
    """Quote what the gateway says of a refusal, and of each field it refuses."""
    validations = errors.get("validations")
    fields = [as_object(item) for item in validations] if isinstance(validations, list) else []
    words = [str(errors.get("message") or "")]
    words += [f"{name}: {text}" for field in fields for name, text in field.items()]
    quoted = "; ".join(filter(None, words)).replace(secret, "***")[:_LONGEST_MESSAGE]
    return f": {quoted}" if quoted else ""


def as_object(value: object) -> JsonObject:
    """Read every way to say "nothing here" as an empty object."""
    return value if isinstance(value, dict) else {}


def integer(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return int(value) if _INTEGER.fullmatch(str(value)) else None


def rials(value: object) -> Decimal | None:
    amount = integer(value)
    return None if amount is None else Decimal(amount)
