"""What every request goes through before a route sees it, in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI

from api.paths import PREFIX
from api.perimeter import csrf
from api.perimeter.body_limit import BodyLimit
from api.perimeter.catch_all import CatchAll
from api.perimeter.cors import Cors
from api.perimeter.hosts import Hosts
from api.perimeter.https import HttpsOnly
from api.perimeter.measured import Measured
from api.perimeter.origins import Origins
from api.perimeter.request_id import RequestId
from api.perimeter.security_headers import SecurityHeaders
from api.routes.codec import CodecCors, spellings
from metrics.requests import RequestMeasures

_MAX_BODY_BYTES: Final = 256 * 1024
# Providers report on many messages at once: SendGrid up to 768 KB, Meta up to 3 MB.
_MORE_BYTES: Final = {f"{PREFIX}/webhooks/": 3 * 1024 * 1024}


@dataclass(frozen=True)
class Perimeter:
    """What this deployment lets in.

    Attributes:
        hosts: Names that we answer to.
        origins: Of pages that may act for their users and read the answers.
        temporal_ui_url: Whose pages may ask the codec.
        https_only: Whether plain http is refused.
    """

    hosts: Sequence[str]
    origins: frozenset[str]
    temporal_ui_url: str | None
    https_only: bool


def surround(app: FastAPI, perimeter: Perimeter, measures: RequestMeasures) -> None:
    """Put the guards around an application.

    They are added from the inside out. Outermost it is measured, then comes the request's name, so
    that whatever happens can be found; then the headers, which refusals need as well. CORS is
    outside of all that may refuse a page: without its headers a browser would show the page nothing
    but a complaint.
    """
    ui = spellings(perimeter.temporal_ui_url) if perimeter.temporal_ui_url else []
    app.add_middleware(BodyLimit, max_bytes=_MAX_BODY_BYTES, elsewhere=_MORE_BYTES)
    app.add_middleware(
        Origins, allowed=perimeter.origins, elsewhere={"/codec/": frozenset(ui)} if ui else {}
    )
    app.add_middleware(CatchAll)
    if perimeter.https_only:
        app.add_middleware(HttpsOnly)
    if ui:
        app.add_middleware(
            CodecCors,
            allow_origins=ui,
            allow_methods=["POST"],
            allow_headers=["content-type", "x-namespace", "authorization", csrf.HEADER],
            allow_credentials=True,
        )
    app.add_middleware(Cors, origins=perimeter.origins)
    app.add_middleware(Hosts, allowed=perimeter.hosts)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestId)
    app.add_middleware(Measured, measures=measures)
