"""What each route may refuse, written down for the OpenAPI document."""

from http import HTTPStatus
from typing import Any, Final

from api.problems import PROBLEM_JSON, STATUS
from api.schemas.common import Processing

PROBLEM_SCHEMA: Final = "Problem"
_EVERYWHERE: Final = ("rate_limited", "database_unavailable", "internal_error")

Responses = dict[int | str, dict[str, Any]]
# What a write answers when its outcome takes longer than a caller should wait.
LATER: Final[Responses] = {
    HTTPStatus.ACCEPTED: {"model": Processing, "description": "Not known yet."}
}


def refusals(*codes: str) -> Responses:
    """Document the error answers of a route; those that every route has come by themselves."""
    by_status: dict[HTTPStatus, list[str]] = {}
    # Whatever a page could be made to send is refused over plain http as well.
    unsafe = ("https_required",) if "csrf_failed" in codes else ()
    for code in (*codes, *unsafe, *_EVERYWHERE):
        by_status.setdefault(STATUS[code], []).append(code)
    return {status.value: _response(status, found) for status, found in by_status.items()}


def invalid_response() -> dict[str, Any]:
    return _response(HTTPStatus.UNPROCESSABLE_ENTITY, ["validation_error"])


def _response(status: HTTPStatus, codes: list[str]) -> dict[str, Any]:
    return {
        "description": f"{status.phrase}: {', '.join(f'`{code}`' for code in codes)}",
        "content": {
            PROBLEM_JSON: {
                "schema": {"$ref": f"#/components/schemas/{PROBLEM_SCHEMA}"},
                "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
            }
        },
    }


def examples() -> dict[str, Any]:
    """Return one example of each refusal, for the document's components."""
    return {code: {"value": _example(status, code)} for code, status in STATUS.items()}


def _example(status: HTTPStatus, code: str) -> dict[str, Any]:
    title = code.replace("_", " ").capitalize()
    example: dict[str, Any] = {
        "type": f"/problems/{code}",
        "title": title,
        "status": status.value,
        "detail": f"{title}.",
        "code": code,
        "request_id": "01980a5e-6d3f-7cc2-9b1e-4f0d6a2b7c11",
    }
    return example | _MORE.get(code, {})


_MORE: Final[dict[str, dict[str, Any]]] = {
    "validation_error": {
        "detail": "The request is not valid; see `errors`.",
        "errors": [{"pointer": "/amount", "message": "An amount is greater than 0."}],
    },
    "illegal_transition": {
        "detail": "Cannot accept a ticket that is cancelled.",
        "facts": {"status": "cancelled"},
    },
    "rate_limited": {
        "detail": "Too many requests. Try again in 12 s.",
        "facts": {"retry_after": "12"},
    },
    "insufficient_funds": {
        "detail": "The wallet is 450000.00 rials short.",
        "facts": {"missing": "450000.00"},
    },
    "asset_unavailable": {
        "detail": "The asset is taken for all or part of this period.",
        "free": [{"from": "2026-11-25T09:30:00Z", "to": "2026-11-28T09:30:00Z"}],
    },
}
