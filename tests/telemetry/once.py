"""A tracer for replays: what is replayed was measured when it happened."""

from typing import NoReturn

from telemetry.spans import Attributes, Kind


class OnlyOnce:
    def __init__(self) -> None:
        self.asked_for: list[str] = []

    def start(
        self, name: str, kind: Kind, parent: str | None = None, attributes: Attributes | None = None
    ) -> NoReturn:
        self.asked_for.append(name)
        raise AssertionError(name)

    def close(self) -> None:
        """Nothing is held."""
