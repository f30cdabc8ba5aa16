"""The settings of those who run it: versions of workers, figures, traces."""

import re
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, HttpUrl
from pydantic_settings import BaseSettings

_ADDRESS: Final = re.compile(r"([0-9.]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}")


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise ValueError("an address to listen at is an IP address and a port: 0.0.0.0:9464")
    return value


Address = Annotated[str, AfterValidator(_address)]


class OperatingSettings(BaseSettings):
    """A part of Settings, which says how they are read."""

    worker_deployment: str = Field(
        "assets", min_length=1, description="Name of the deployment that the builds belong to."
    )
    worker_build_id: str | None = Field(
        None, description="This worker's version of the workflows; absent, workers are unversioned."
    )

    metrics_address: Address | None = Field(
        None, description="Where a worker shows Prometheus its figures; absent, nowhere."
    )
    metrics_sdk_address: Address | None = Field(
        None, description="Where Temporal's library in a worker shows its own, on another port."
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="From which level on lines are written."
    )
    crash_at: Path | None = Field(
        None, description="Tests only: the folder of the crash points that are armed."
    )

    traces_endpoint: HttpUrl | None = Field(
        None, description="Where traces go by OTLP/HTTP; absent, nothing is traced."
    )
    traces_ratio: float = Field(1.0, ge=0, le=1, description="The part of all traces that is kept.")

    def tracing(self) -> tuple[str | None, float, str]:
        """Return where traces go, which part of them, and of which version they tell."""
        endpoint = str(self.traces_endpoint) if self.traces_endpoint else None
        return endpoint, self.traces_ratio, self.worker_build_id or "unversioned"
