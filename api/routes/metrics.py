"""/metrics: for Prometheus. Without the database there are no figures rather than false zeros."""

from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from api import metrics
from api.deps import Session
from api.policy import everyone
from api.refusals import Responses, refusals
from models.queries import findings

router = APIRouter(tags=["operations"])
_EXAMPLE: Final = "assets_money_unexplained_rials 0.0\n"
_TEXT: Final[Responses] = {200: {"content": {"text/plain": {"example": _EXAMPLE}}}}


@router.get("/metrics", response_class=PlainTextResponse, responses=_TEXT | refusals())
@everyone
async def read_metrics(session: Session) -> Response:
    """Return the platform's figures in the text format of Prometheus."""
    text = metrics.exposition(await findings.totals(session))
    return Response(text, media_type=metrics.CONTENT_TYPE)
