"""A registry of a process's own, and its figures in the format that whoever asks can read."""

from typing import NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector


class Exposition(NamedTuple):
    text: bytes
    content_type: str


def new_registry() -> CollectorRegistry:
    """Make a registry that knows of memory, processor time and open files already."""
    # When each series began doubles their number, and no question of ours needs it.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


def exposition(registry: Collector, accept: str = "") -> Exposition:
    """Write the figures down, as OpenMetrics for those who ask for that."""
    encode, content_type = choose_encoder(accept)
    return Exposition(encode(registry), content_type)
