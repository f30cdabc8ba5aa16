"""What Prometheus reads of the API: its own figures, and the platform's from the database."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import structlog
from prometheus_client import Gauge
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from api.kept import Kept
from api.live.hub import EventsHub
from domain.attention import Troubled
from domain.finding import FindingKind
from domain.money import ZERO
from domain.reports import Counts
from metrics.exposition import Exposition, exposition, new_registry
from metrics.pools import PoolCollector
from metrics.requests import RequestMeasures
from models.database import Sessions
from models.queries import operating
from models.queries.findings import Total
from models.queries.operating import Condition

_PLAIN: Final = "text/plain"
_OPEN: Final = "application/openmetrics-text"
log = structlog.get_logger("api")


class ApiMeasures:
    """All figures of one process. However many ask, they are read and written once in a while.

    Attributes:
        requests: Told of every request.
    """

    def __init__(self) -> None:
        self._registry = new_registry()
        self.requests = RequestMeasures(self._registry)
        self._condition: Kept[Condition | None] = Kept()
        self._shown: Mapping[str, Kept[Exposition]] = {_PLAIN: Kept(), _OPEN: Kept()}

    def watch(self, engine: AsyncEngine, events: EventsHub) -> None:
        self._registry.register(PoolCollector(engine))
        streams = Gauge(
            "assets_event_streams", "Clients that follow live events.", registry=self._registry
        )
        streams.set_function(events.count)

    async def exposition(self, reads: Sessions, accept: str) -> Exposition:
        """Return all figures; without a database those of the process alone, not false zeros."""
        form = _OPEN if _OPEN in accept else _PLAIN
        return await self._shown[form].get(lambda: self._write(reads, form))

    async def _write(self, reads: Sessions, form: str) -> Exposition:
        found = await self._condition.get(lambda: _read(reads))
        return exposition(_Chain(self._registry, _Platform(found)), form)


async def _read(reads: Sessions) -> Condition | None:
    try:
        async with reads() as session:
            return await operating.condition(session)
    except (DBAPIError, PoolTimeout) as error:
        log.warning("figures_unavailable", reason=type(error).__name__)
        return None


class _Chain(Collector):
    def __init__(self, *parts: Collector) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        for part in self._parts:
            yield from part.collect()


class _Platform(Collector):
    def __init__(self, found: Condition | None) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "assets_database_up",
            "Whether the database answered, so that there are figures of the platform.",
            value=float(self._found is not None),
        )
        if self._found is not None:
            yield from _findings({total.kind: total for total in self._found.findings})
            yield from _troubles(self._found.troubles)
            yield from _counts(self._found.counts)
            yield from _delays(self._found)


def _findings(by_kind: Mapping[str, Total]) -> Iterator[Metric]:
    """Sum them up; a kind that nothing was found of is a zero, not a gap."""
    amount = sum((total.amount for total in by_kind.values()), ZERO)
    yield GaugeMetricFamily(
        "assets_money_unexplained_rials",
        "Money that workflows, rows, ledger and gateway disagree about.",
        value=float(amount),
    )
    count = _by("assets_open_findings", "Mismatches that are open, by kind.", "kind")
    for kind in sorted({*FindingKind, *by_kind}):
        found = by_kind.get(kind)
        count.add_metric([kind], found.count if found else 0)
    yield count


def _troubles(troubles: Sequence[Troubled]) -> Iterator[Metric]:
    labels = ("kind", "workflow")
    count = _by("assets_attention_workflows", "Workflows that wait for a person.", *labels)
    amount = _by("assets_attention_rials", "Money that waits with them.", *labels)
    since = _by(
        "assets_attention_since_timestamp_seconds", "Since when the first of them waits.", *labels
    )
    for one in troubles:
        names = [one.kind, one.workflow_type]
        count.add_metric(names, one.number)
        amount.add_metric(names, float(one.amount))
        since.add_metric(names, one.oldest.timestamp())
    yield from (count, amount, since)


def _counts(counts: Counts) -> Iterator[Metric]:
    yield GaugeMetricFamily("assets_users", "Accounts.", value=counts.users)
    yield GaugeMetricFamily(
        "assets_loan_volume_rials",
        "Fees that were ever paid for loans.",
        value=float(counts.volume),
    )
    tickets = _by("assets_tickets", "Loans and requests for them, by status.", "status")
    for ticket_status, number in counts.tickets.items():
        tickets.add_metric([ticket_status], number)
    payments = _by("assets_payments", "Top-ups, by what has become of them.", "status")
    for payment_status, number in counts.payments.items():
        payments.add_metric([payment_status], number)
    messages = _by("assets_messages", "Messages to people.", "channel", "status")
    for channel, by_status in counts.messages.items():
        for status, number in by_status.items():
            messages.add_metric([channel, status], number)
    yield from (tickets, payments, messages)


def _delays(found: Condition) -> Iterator[Metric]:
    """Tell what is late; what is not has no sample."""
    due = _by(
        "assets_messages_due_since_timestamp_seconds",
        "Since when the oldest message that should be sent now is due.",
        "channel",
    )
    for channel, since in found.due_since.items():
        due.add_metric([channel], since)
    unsealed = _by(
        "assets_ledger_unsealed_since_timestamp_seconds",
        "When the first transaction that no seal covers was posted.",
    )
    if found.unsealed_since is not None:
        unsealed.add_metric([], found.unsealed_since.timestamp())
    report = _by(
        "assets_daily_report_timestamp_seconds", "When the newest day of the report was counted."
    )
    if found.report_at is not None:
        report.add_metric([], found.report_at.timestamp())
    yield from (due, unsealed, report)


def _by(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=labels)
