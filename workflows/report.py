"""Closes the days that are over, each by a step of its own, and checks the counters."""

from datetime import timedelta
from typing import Final

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.contracts.reports import ReportSteps
    from workflows import policies

LIMIT: Final = timedelta(minutes=5)
# Of many days that are missing one run closes these; the next one, with an empty history, the rest.
AT_ONCE: Final = 400


@workflow.defn
class NightlyReport:
    """Nights that were missed are made up for: which days are due is asked of the database."""

    @workflow.run
    async def run(self) -> str:
        """Say how many days were closed."""
        workflow.set_current_details("### The reports are made\n- finding the days to count")
        days = await workflow.execute_activity_method(
            ReportSteps.find_days_to_report,
            AT_ONCE,
            start_to_close_timeout=policies.STEP_LIMIT,
            retry_policy=policies.FOR_EVER,
            summary="Find the days that are over and not reported for good",
        )
        workflow.set_current_details(f"### The reports are made\n- days to count: {len(days)}")
        for day in days:
            await workflow.execute_activity_method(
                ReportSteps.report_day,
                day,
                start_to_close_timeout=LIMIT,
                retry_policy=policies.FOR_EVER,
                summary=f"Count {day}",
            )
        if len(days) == AT_ONCE:
            workflow.continue_as_new()
        differing = await workflow.execute_activity_method(
            ReportSteps.check_counters,
            start_to_close_timeout=LIMIT,
            retry_policy=policies.FOR_EVER,
            summary="Count everything anew",
        )
        workflow.set_current_details(
            f"### The reports are made\n- days counted: {len(days)}\n"
            f"- counters that differ: {differing}, see `/api/v1/ops/findings/?open=true`"
        )
        return f"{len(days)} days, {differing} counters differ"
