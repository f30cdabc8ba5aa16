"""/reports: how the platform does, for operators, and everybody's own figures."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response, status

from api import csv_days, etags
from api.accept import prefers
from api.csv_statement import MEDIA_TYPE
from api.deps import CurrentUser, Held, Operator, Session
from api.etags import NOT_MODIFIED
from api.paths import PREFIX
from api.refusals import refusals
from api.schemas.reports import DayIn, DayOut, DaysOut, OwnFiguresOut, SummaryOut
from domain.errors import ValidationFailed
from domain.reports import MOST_DAYS, SHOWN, Figures
from models.queries import daily_reports, reports

router = APIRouter(prefix=f"{PREFIX}/reports", tags=["reports"])
_TWO_FORMS: Final[dict[int | str, dict[str, Any]]] = {
    status.HTTP_200_OK: {
        "description": "The days, as JSON or as CSV.",
        "content": {MEDIA_TYPE: csv_days.DOCUMENTED},
    }
}
_COUNTED_AT: Final = frozenset({"as_of"})


@router.get(
    "/summary/",
    response_model=SummaryOut,
    responses=NOT_MODIFIED | refusals("not_authenticated", "forbidden"),
)
async def read_summary(request: Request, services: Held, _: Operator) -> Response:
    """Return how many users, loans, payments and messages there are, and the last 30 days.

    The answer has an `ETag` that stays the same while no figure changes; with it as
    `If-None-Match` the answer is 304. It is counted anew after two seconds at the latest.
    """
    figures = await services.figures.get(lambda: _figures(services))
    summary = SummaryOut.of(figures, services.report_time_zone)
    return etags.answer(request, summary, beside=_COUNTED_AT)


async def _figures(services: Held) -> Figures:
    async with services.reads() as session:
        return await daily_reports.figures(session, services.clock.now(), services.report_time_zone)


@dataclass(frozen=True)
class Days:
    first: date
    last: date


async def _days(
    services: Held,
    first: Annotated[
        DayIn | None, Query(alias="from", description="The first day; absent, 30 up to the last.")
    ] = None,
    last: Annotated[
        DayIn | None, Query(alias="to", description="The last day; absent, it is today.")
    ] = None,
) -> Days:
    # Wherever the reports' midnight is, today has begun there by then.
    last = last or services.clock.now().date() + timedelta(days=1)
    first = first or last - SHOWN
    if last < first:
        raise ValidationFailed("/query/to", "A period does not end before it begins.")
    if (last - first).days >= MOST_DAYS:
        raise ValidationFailed("/query/to", f"A period has at most {MOST_DAYS} days.")
    return Days(first, last)


@router.get(
    "/daily/",
    response_model=DaysOut,
    responses=_TWO_FORMS
    | NOT_MODIFIED
    | refusals("not_authenticated", "forbidden", "validation_error"),
)
async def list_days(
    request: Request,
    session: Session,
    services: Held,
    _: Operator,
    days: Annotated[Days, Depends(_days)],
    form: Annotated[
        Literal["json", "csv"] | None,
        Query(alias="format", description="Absent, the header `Accept` decides."),
    ] = None,
) -> Response:
    """List the days of a period that are over and counted, at most 366 of them, oldest first.

    They are counted each night, and for two nights more, because a payment of the evening may be
    paid after midnight. `/reports/summary/` has today as well.
    """
    found = await daily_reports.closed(session, days.first, days.last)
    zone = services.report_time_zone
    as_csv = prefers(request.headers.get("Accept"), MEDIA_TYPE, "application/json")
    if form == "csv" or (form is None and as_csv):
        text = csv_days.written(found, zone)
        name = f"days-{days.first:%Y%m%d}-{days.last:%Y%m%d}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Vary": "Accept"}
        return etags.tagged(request, text, text, csv_days.CONTENT_TYPE, headers)
    body = DaysOut(time_zone=zone, items=[DayOut.of(day) for day in found])
    answer = etags.answer(request, body)
    answer.headers["Vary"] = "Accept"
    return answer


@router.get("/me/", responses=refusals("not_authenticated"))
async def read_own_figures(session: Session, caller: CurrentUser) -> OwnFiguresOut:
    """Return the caller's own figures: loans by status, what they cost and brought, and money."""
    return OwnFiguresOut.of(await reports.own(session, caller.id))
