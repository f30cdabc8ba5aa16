"""The settings of those who run it: versions of workers, figures, traces."""

from pydantic import Field
from pydantic_settings import BaseSettings


class OperatingSettings(BaseSettings):
    """A part of Settings, which says how they are read."""

    worker_deployment: str = Field(
        "assets", min_length=1, description="Name of the deployment that the builds belong to."
    )
    worker_build_id: str | None = Field(
        None, description="This worker's version of the workflows; absent, workers are unversioned."
    )
