"""/docs: the reference, a page of Swagger UI. All of it comes from here, nothing from elsewhere."""

from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import FileResponse

from api.policy import everyone
from domain.errors import NotFound

router = APIRouter(prefix="/docs", include_in_schema=False)
_OURS: Final = Path(__file__).parent.parent / "reference"
# Of the package only its copy of Swagger UI's own release is used.
with as_file(files("fastapi_offline") / "static") as _folder:
    _THEIRS: Final = Path(_folder)
_ASSETS: Final = {
    "start.js": _OURS / "start.js",
    "swagger-ui.css": _THEIRS / "swagger-ui.css",
    "swagger-ui-bundle.js": _THEIRS / "swagger-ui-bundle.js",
}
_HEADERS: Final = {
    # Swagger UI sets styles at its elements; scripts run from our files alone.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self';"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
}
_KEPT: Final = {"Cache-Control": "public, max-age=86400"}


@router.get("")
@everyone
async def read_reference() -> FileResponse:
    """Return the page."""
    return FileResponse(_OURS / "index.html", headers=_HEADERS)


@router.get("/assets/{name}")
@everyone
async def read_reference_asset(name: str) -> FileResponse:
    """Return what the page loads."""
    if name not in _ASSETS:
        raise NotFound("The reference has no such part.")
    return FileResponse(_ASSETS[name], headers=_KEPT)
