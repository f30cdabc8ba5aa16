"""Answers that a client need not be sent again: it names the one it has (RFC 9110, 8.8 and 13)."""

import hashlib
from typing import Final

from fastapi import Request, Response, status
from pydantic import BaseModel

from api.refusals import Responses

# A browser may keep the answer and has to ask each time whether it still holds.
_KEPT: Final = "private, no-cache"
_EVEN: Final = "W/"  # the weak comparison: alike in meaning is alike
NOT_MODIFIED: Final[Responses] = {
    status.HTTP_304_NOT_MODIFIED: {"description": "The answer that `If-None-Match` names holds."}
}


def answer(request: Request, body: BaseModel, beside: frozenset[str] = frozenset()) -> Response:
    """Send a body with its tag, or word that the caller has it already.

    Args:
        request: Which may name what its caller has.
        body: What is sent in full otherwise.
        beside: Fields that differ each time and mean nothing new, such as when it was counted.
    """
    content = body.model_dump_json(by_alias=True).encode()
    meant = body.model_dump_json(exclude=set(beside)).encode() if beside else content
    return tagged(request, content, meant, "application/json", {})


def tagged(
    request: Request, content: bytes, meant: bytes, media_type: str, headers: dict[str, str]
) -> Response:
    tag = f'{_EVEN}"{hashlib.blake2b(meant, digest_size=16).hexdigest()}"'
    headers = {**headers, "ETag": tag, "Cache-Control": _KEPT}
    if _is_named(request.headers.get("If-None-Match"), tag):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


def _is_named(known: str | None, tag: str) -> bool:
    if known is None:
        return False
    named = {one.strip().removeprefix(_EVEN) for one in known.split(",")}
    return "*" in named or tag.removeprefix(_EVEN) in named
