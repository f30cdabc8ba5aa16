"""Closes days, one at a time, and holds the counters against what they count."""

from dataclasses import dataclass
from datetime import date

from temporalio import activity

from activities.contracts.reports import ReportSteps
from domain.finding import Finding, FindingKind
from domain.money import ZERO
from models.database import Sessions
from models.queries import comparison, daily_reports, findings, reports
from models.queries.reports import Difference


@dataclass(frozen=True)
class PostgresReportSteps(ReportSteps):
    """Attributes.

    time_zone: Whose midnight ends a day, such as `Asia/Tehran`.
    """

    sessions: Sessions
    time_zone: str

    @activity.defn
    async def find_days_to_report(self, limit: int) -> tuple[date, ...]:
        """Return days that are over and have no final report, at most so many."""
        async with self.sessions() as session:
            return await daily_reports.due(session, self.time_zone, limit)

    @activity.defn
    async def report_day(self, day: date) -> None:
        """Count one day and keep it; a repeat counts it again and replaces what was kept."""
        async with self.sessions.begin() as session:
            await comparison.be_patient(session)
            await daily_reports.close(session, day, self.time_zone)

    @activity.defn
    async def check_counters(self) -> int:
        """Fold the counters, count everything anew, and keep what differs as findings."""
        async with self.sessions.begin() as session:
            await reports.fold(session)
        async with self.sessions.begin() as session:
            at = await comparison.now(session)
            await comparison.be_patient(session)
            found = [_finding(one) for one in await reports.differences(session)]
            await findings.keep(session, found, at)
            await findings.clear(session, {FindingKind.COUNTER_DIFFERS}, at)
        return len(found)


def _finding(difference: Difference) -> Finding:
    name, counted, expected = difference
    amount = abs(counted - expected) if name == "volume" else ZERO
    detail = (
        f"The counter says {counted:,f}, counting anew comes to {expected:,f}; "
        "`./assets correct-counters` sets it right."
    )
    return Finding(FindingKind.COUNTER_DIFFERS, f"counter:{name}", amount, detail)
