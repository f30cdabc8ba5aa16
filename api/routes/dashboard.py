"""/dashboard: the operators' page. All of it comes from here, nothing from elsewhere."""

from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse

from api.dashboard import page
from api.deps import Held, MaybeViewer, Services
from api.policy import everyone, own
from api.temporal_ui import needing_attention
from domain.errors import NotFound
from domain.messages.letter import Language
from domain.reports import Figures
from models.queries import attention, daily_reports

router = APIRouter(prefix="/dashboard", include_in_schema=False)
_ASSETS: Final = Path(page.__file__).parent / "assets"
_NAMES: Final = frozenset({"style.css", "login.js"})
_HEADERS: Final = {
    # The charts are pictures; the only script is the one that logs in.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self';"
    " style-src 'self'; img-src data:; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
_KEPT: Final = {"Cache-Control": "public, max-age=3600"}
Spoken = Annotated[Language | None, Query(alias="lang")]


@router.get("")
@everyone
async def redirect_to_dashboard() -> RedirectResponse:
    """Send on to the address with the slash."""
    return RedirectResponse("/dashboard/", HTTPStatus.TEMPORARY_REDIRECT)


@router.get("/")
@own
async def read_dashboard(
    request: Request, services: Held, viewer: MaybeViewer, lang: Spoken = None
) -> HTMLResponse:
    """Return the page for an operator, and for others one on which they log in."""
    language = lang or _preferred(request)
    if viewer is None:
        return _page(page.login(language), HTTPStatus.UNAUTHORIZED)
    if not viewer.is_operator:
        return _page(page.forbidden(language), HTTPStatus.FORBIDDEN)
    return _page(page.dashboard(await _shown(services), language), HTTPStatus.OK)


async def _shown(services: Services) -> page.Shown:
    async def read() -> Figures:
        async with services.reads() as session:
            now, zone = services.clock.now(), services.report_time_zone
            return await daily_reports.figures(session, now, zone)

    figures = await services.figures.get(read)
    async with services.reads() as session:
        piles = await attention.piles(session)
        troubles = await attention.parked(session)
    return page.Shown(
        figures,
        piles,
        troubles,
        services.report_time_zone,
        needing_attention(services),
    )


def _preferred(request: Request) -> Language:
    """Return the first language of the browser that we speak; English if it says none."""
    wanted = request.headers.get("Accept-Language", "").split(",")
    codes = [one.partition(";")[0].strip().partition("-")[0] for one in wanted]
    return next((Language(code) for code in codes if code in set(Language)), Language.ENGLISH)


def _page(text: str, status: HTTPStatus) -> HTMLResponse:
    return HTMLResponse(text, status, headers=_HEADERS)


@router.get("/assets/{name}")
@everyone
async def read_dashboard_asset(name: str) -> FileResponse:
    """Return what the page loads."""
    if name not in _NAMES:
        raise NotFound("The dashboard has no such part.")
    return FileResponse(_ASSETS / name, headers=_KEPT)
