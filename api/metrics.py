"""What Prometheus reads: figures of one moment, made of what the database says at that moment."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from domain.finding import FindingKind
from domain.money import ZERO
from models.queries.findings import Total

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def exposition(totals: Iterable[Total]) -> bytes:
    """Write the figures down; a kind that nothing was found of is a zero, not a gap."""
    registry = CollectorRegistry()
    registry.register(_Findings({total.kind: total for total in totals}))
    return generate_latest(registry)


class _Findings(Collector):
    def __init__(self, by_kind: Mapping[str, Total]) -> None:
        self._by_kind = by_kind

    def collect(self) -> Iterator[GaugeMetricFamily]:
        amount = sum((total.amount for total in self._by_kind.values()), ZERO)
        yield GaugeMetricFamily(
            "assets_money_unexplained_rials",
            "Money that workflows, rows, ledger and gateway disagree about.",
            value=float(amount),
        )
        count = GaugeMetricFamily(
            "assets_open_findings", "Mismatches that are open, by kind.", labels=["kind"]
        )
        for kind in sorted({*FindingKind, *self._by_kind}):
            found = self._by_kind.get(kind)
            count.add_metric([kind], found.count if found else 0)
        yield count
