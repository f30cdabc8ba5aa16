"""Every refusal as RFC 9457 problem+json. The one map from a code to its HTTP status."""

import json
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from api.allow import allowed_methods
from api.schemas.common import PeriodOut
from domain.calendar import Period
from domain.errors import DomainError

STATUS: Final[dict[str, HTTPStatus]] = {
    "validation_error": HTTPStatus.UNPROCESSABLE_ENTITY,
    "idempotency_key_reused": HTTPStatus.UNPROCESSABLE_ENTITY,
    "invalid_credentials": HTTPStatus.UNAUTHORIZED,
    "not_authenticated": HTTPStatus.UNAUTHORIZED,
    "token_reused": HTTPStatus.UNAUTHORIZED,
    "login_expired": HTTPStatus.UNAUTHORIZED,
    "identity_refused": HTTPStatus.UNAUTHORIZED,
    "recent_login_required": HTTPStatus.FORBIDDEN,
    "link_required": HTTPStatus.CONFLICT,
    "identity_taken": HTTPStatus.CONFLICT,
    "provider_linked": HTTPStatus.CONFLICT,
    "email_unverified": HTTPStatus.CONFLICT,
    "last_way_in": HTTPStatus.CONFLICT,
    "preference_locked": HTTPStatus.CONFLICT,
    "forbidden": HTTPStatus.FORBIDDEN,
    "csrf_failed": HTTPStatus.FORBIDDEN,
    "https_required": HTTPStatus.FORBIDDEN,
    "rate_limited": HTTPStatus.TOO_MANY_REQUESTS,
    "host_not_allowed": HTTPStatus.BAD_REQUEST,
    "malformed_report": HTTPStatus.BAD_REQUEST,
    "not_found": HTTPStatus.NOT_FOUND,
    "method_not_allowed": HTTPStatus.METHOD_NOT_ALLOWED,
    "payload_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "unsupported_media_type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "insufficient_funds": HTTPStatus.CONFLICT,
    "illegal_transition": HTTPStatus.CONFLICT,
    "asset_unavailable": HTTPStatus.CONFLICT,
    "offer_pending": HTTPStatus.CONFLICT,
    "email_taken": HTTPStatus.CONFLICT,
    "phone_taken": HTTPStatus.CONFLICT,
    "national_id_taken": HTTPStatus.CONFLICT,
    "own_asset": HTTPStatus.CONFLICT,
    "gateway_refused": HTTPStatus.BAD_GATEWAY,
    "gateway_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "engine_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "database_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "internal_error": HTTPStatus.INTERNAL_SERVER_ERROR,
}
PROBLEM_JSON: Final = "application/problem+json"
_HEADERS: Final[dict[HTTPStatus, dict[str, str]]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "2"},
}
# What the framework itself refuses, by status. A body it cannot parse is an invalid one.
_CODES: Final[dict[int, str]] = {
    400: "validation_error",
    404: "not_found",
    405: "method_not_allowed",
    413: "payload_too_large",
    415: "unsupported_media_type",
}
log = structlog.get_logger("api")


class Refusal(Exception):
    """A refusal by its code alone: one that came back from the engine, or that is HTTP's own."""

    def __init__(
        self,
        code: str,
        message: str,
        facts: Mapping[str, str] | None = None,
        free: Sequence[Period] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.facts = dict(facts or {})
        self.free = free

    @property
    def status(self) -> HTTPStatus:
        return STATUS[self.code]

    @classmethod
    def of(cls, error: "DomainError | Refusal") -> "Refusal":
        if isinstance(error, Refusal):
            return error
        return cls(error.code, str(error), error.facts)


def engine_unavailable() -> Refusal:
    return Refusal("engine_unavailable", "The workflow engine does not answer. Try again soon.")


def request_id(request: Request) -> str:
    return str(request.scope.get("state", {}).get("request_id", ""))


def render(
    request: Request, refusal: Refusal, errors: Iterable[Mapping[str, str]] = ()
) -> Response:
    """Write a refusal down. A rule's `pointer` becomes its one entry in `errors`."""
    request.scope.setdefault("state", {})["refusal"] = refusal.code  # to be counted
    facts = dict(refusal.facts)
    headers = dict(_HEADERS.get(refusal.status, {}))
    if "retry_after" in facts:
        headers["Retry-After"] = facts["retry_after"]
    pointer = facts.pop("pointer", None)
    if pointer is not None:
        errors = [{"pointer": pointer, "message": str(refusal)}]
    body: dict[str, Any] = {
        "type": f"/problems/{refusal.code}",
        "title": refusal.code.replace("_", " ").capitalize(),
        "status": refusal.status.value,
        "detail": str(refusal),
        "code": refusal.code,
        "request_id": request_id(request),
    }
    body |= {"facts": facts} if facts else {}
    body |= {"errors": listed} if (listed := list(errors)) else {}
    if refusal.free is not None:
        free = map(PeriodOut.of, refusal.free)
        body["free"] = [period.model_dump(mode="json", by_alias=True) for period in free]
    # Escaped to ASCII: a pointer repeats the caller's own field names, lone surrogates included.
    return Response(
        json.dumps(body).encode(),
        status_code=refusal.status,
        media_type=PROBLEM_JSON,
        headers=headers,
    )


async def on_refusal(request: Request, error: Exception) -> Response:
    if not isinstance(error, DomainError | Refusal):
        raise error
    return render(request, Refusal.of(error))


async def on_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    failures = error.errors()
    if any(failure["loc"][0] == "path" for failure in failures):
        return render(request, Refusal("not_found", "There is nothing of this name."))
    if isinstance(error.body, bytes):
        wanted = Refusal(
            "unsupported_media_type", "A body is sent as Content-Type: application/json."
        )
        return render(request, wanted)
    invalid = Refusal("validation_error", "The request is not valid; see `errors`.")
    return render(request, invalid, map(_describe, failures))


def _describe(failure: Mapping[str, Any]) -> dict[str, str]:
    where, *path = failure["loc"]
    if failure["type"] == "json_invalid":
        return {"pointer": "", "message": f"The body is not JSON: {failure['ctx']['error']}."}
    if where != "body":
        path = [where, *path]
    message = failure["msg"].removeprefix("Value error, ")
    return {"pointer": "".join(f"/{_escaped(part)}" for part in path), "message": message}


def _escaped(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


async def on_http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = _CODES.get(error.status_code)
    if code is None:
        raise error
    message = {
        "validation_error": "The body could not be read as JSON.",
        "not_found": "There is nothing here. Paths of this API end in a slash.",
    }.get(code, error.detail)
    answer = render(request, Refusal(code, message))
    answer.headers.update(error.headers or {})
    if code == "method_not_allowed":
        answer.headers["Allow"] = allowed_methods(request)
    return answer


async def on_database_error(request: Request, error: Exception) -> Response:
    if not is_outage(error):
        raise error
    log.warning("database_unavailable", request_id=request_id(request), reason=type(error).__name__)
    message = "The database does not answer. Try again soon."
    return render(request, Refusal("database_unavailable", message))


def is_outage(error: Exception) -> bool:
    """Tell whether a database error is about reaching it, rather than about what was asked."""
    if isinstance(error, OperationalError | InterfaceError | PoolTimeout):
        return True
    return isinstance(error, DBAPIError) and error.connection_invalidated


def handle_with_problems(app: FastAPI) -> None:
    app.add_exception_handler(DomainError, on_refusal)
    app.add_exception_handler(Refusal, on_refusal)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(DBAPIError, on_database_error)
    app.add_exception_handler(PoolTimeout, on_database_error)
