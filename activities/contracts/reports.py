"""The steps of the nightly report: names, inputs, outputs. As in activities/contracts.py."""

from datetime import date
from typing import Protocol

from temporalio import activity


class ReportSteps(Protocol):
    @activity.defn
    async def find_days_to_report(self, limit: int) -> tuple[date, ...]: ...

    @activity.defn
    async def report_day(self, day: date) -> None: ...

    @activity.defn
    async def check_counters(self) -> int: ...
