"""/metrics: for Prometheus. Without the database there are no figures rather than false zeros."""

from typing import Annotated, Final

from fastapi import APIRouter, Header, Response
from fastapi.responses import PlainTextResponse

from api.deps import Held
from api.policy import everyone
from api.refusals import Responses, refusals

router = APIRouter(tags=["operations"])
_EXAMPLE: Final = "assets_money_unexplained_rials 0.0\n"
_OPEN_EXAMPLE: Final = f"{_EXAMPLE}# EOF\n"
_TEXT: Final[Responses] = {
    200: {
        "content": {
            "text/plain": {"example": _EXAMPLE},
            "application/openmetrics-text": {"example": _OPEN_EXAMPLE},
        }
    }
}


@router.get("/metrics", response_class=PlainTextResponse, responses=_TEXT | refusals())
@everyone
async def read_metrics(
    services: Held, accept: Annotated[str, Header(include_in_schema=False)] = ""
) -> Response:
    """Return the platform's figures in the text format of Prometheus, or as OpenMetrics.

    They may be a few seconds old. Without a database those of the process are left.
    """
    found = await services.measures.exposition(services.reads, accept)
    return Response(found.text, media_type=found.content_type)
