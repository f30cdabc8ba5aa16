"""How the bodies of calls are read that are forms."""

from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request

FORM: Final = "application/x-www-form-urlencoded"


async def read_form(request: Request) -> dict[str, str]:
    # Parsed here: the framework's own forms need one more package.
    return dict(parse_qsl((await request.body()).decode(errors="replace")))


def media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
