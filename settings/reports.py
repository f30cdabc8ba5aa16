"""The settings of reports: whose days they count, and when a day that is over is counted."""

from datetime import time
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings

from domain.reports import Nightly


class ReportSettings(BaseSettings):
    """A part of Settings, which says how they are read."""

    nightly_report: time = Field(
        time(0, 15), description="When the day before is counted, by REPORT_TIME_ZONE's clock."
    )
    report_time_zone: str = Field(
        "Asia/Tehran", description="Whose midnight ends a day in reports."
    )

    @field_validator("report_time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("a time zone has a name such as Asia/Tehran") from error
        return name

    @model_validator(mode="after")
    def _night_is_a_time_of_day(self) -> Self:
        if self.nightly_report.tzinfo or self.nightly_report.second:
            raise ValueError("NIGHTLY_REPORT is hours and minutes, such as 00:15")
        return self

    def nightly(self) -> Nightly:
        return Nightly(self.nightly_report, self.report_time_zone)
