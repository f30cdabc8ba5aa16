"""How the protocol wraps answers and refusals, and the odd forms in which it was seen doing so."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

Envelope = dict[str, object]
Validations = list[dict[str, str]]

CARD_NUMBER: Final = "9999999999999999"  # everybody pays with this one

MESSAGES: Final[dict[int, str]] = {
    -9: "The input params invalid, validation error.",
    -10: "Terminal is not valid, please check merchant_id or ip address.",
    -12: "Too many attempts, please try again later.",
    -30: "Terminal do not allow to accept floating wages.",
    -41: "Max amount is 100000000 tomans",
    -50: "Session is not valid, amounts values is not the same.",
    -51: "Session is not valid, session is not active paid try.",
    -52: "Oops!!, please contact our support team",
    -53: "Session is not this merchant_id session",
    -54: "Invalid authority.",
    -60: "Session can not be reversed with bank.",
    -61: "Session is not in success status.",
    -62: "Terminal ip limit must be active.",
    -63: "Maximum time for reverse this session is expired.",
}


class Refused(Exception):
    """A call that the protocol answers with an error code."""

    def __init__(self, code: int, validations: Validations | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.validations = validations or []


def success(code: int, message: str, **members: object) -> Envelope:
    return {"data": {"code": code, "message": message, **members}, "errors": []}


def refusal(
    code: int, message: str | None = None, validations: Validations | None = None
) -> Envelope:
    said = message or MESSAGES.get(code, "Simulated refusal.")
    return {
        "data": [],
        "errors": {"code": code, "message": said, "validations": validations or []},
    }


class Shape(StrEnum):
    """The member without content in each of its forms, then what no decoder should trust."""

    EMPTY_OBJECT = "empty_object"
    EMPTY_NULL = "empty_null"
    EMPTY_MISSING = "empty_missing"
    STRING_CODE = "string_code"
    NO_REF_ID = "no_ref_id"
    BARE_CARD = "bare_card"
    BOTH_EMPTY = "both_empty"
    ERRORS_LIST = "errors_list"
    ERRORS_BY_FIELD = "errors_by_field"


def reshape(envelope: Envelope, shape: Shape) -> object:
    return _SHAPES[shape](envelope)


def _with_empty(value: object) -> Callable[[Envelope], Envelope]:
    return lambda envelope: {name: member or value for name, member in envelope.items()}


def _without_empty(envelope: Envelope) -> Envelope:
    return {name: member for name, member in envelope.items() if member}


def _string_code(envelope: Envelope) -> Envelope:
    return {
        name: {**member, "code": str(member["code"])} if isinstance(member, dict) else member
        for name, member in envelope.items()
    }


def _no_ref_id(envelope: Envelope) -> Envelope:
    data = envelope["data"]
    if not isinstance(data, dict):
        return envelope
    return {**envelope, "data": {key: data[key] for key in data if key != "ref_id"}}


def _bare_card(envelope: Envelope) -> Envelope:
    """Show the whole number of a card, which no answer ever should."""
    data = envelope["data"]
    if not isinstance(data, dict) or "card_pan" not in data:
        return envelope
    return {**envelope, "data": {**data, "card_pan": CARD_NUMBER}}


_SHAPES: Final[dict[Shape, Callable[[Envelope], Envelope]]] = {
    Shape.EMPTY_OBJECT: _with_empty({}),
    Shape.EMPTY_NULL: _with_empty(None),
    Shape.EMPTY_MISSING: _without_empty,
    Shape.STRING_CODE: _string_code,
    Shape.NO_REF_ID: _no_ref_id,
    Shape.BARE_CARD: _bare_card,
    Shape.BOTH_EMPTY: lambda _: {"data": [], "errors": []},
    Shape.ERRORS_LIST: lambda _: {"data": [], "errors": [{"code": -52, "message": MESSAGES[-52]}]},
    Shape.ERRORS_BY_FIELD: lambda _: {"data": [], "errors": {"amount": ["is not valid"]}},
}
