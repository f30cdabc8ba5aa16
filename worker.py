"""`python -m worker`: the composition root of workflows and activities."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import uvloop
from temporalio.client import Client
from temporalio.worker import Worker

from composition import steps
from composition.metrics import WorkerMeasures
from crash_points.lines import watch_calls, watch_commits
from crash_points.points import Points
from crash_points.steps import in_workers
from domain import ids
from engine import schedules, versions
from engine.client import connect
from engine.running import RunningWorkflows
from engine.runtime import measured
from engine.search_attributes import check
from models.database import Sessions, connected, sessions_of
from settings import Settings
from telemetry.calls import http_client
from telemetry.core_logs import core_logs
from telemetry.logs import configure_process
from telemetry.propagation import Propagation
from telemetry.statements import trace_statements
from telemetry.switch import traced, tracer_to
from workflows.card_reversal import CardReversal
from workflows.message import DeliverMessage, SendQueued
from workflows.payment import TopUp
from workflows.reconciliation import ReconcilePayment, ReconcilePayments
from workflows.report import NightlyReport
from workflows.reversal import LedgerReversal
from workflows.seal import SealLedger
from workflows.ticket import TicketLoan
from workflows.transfer import WalletTransfer
from workflows.withdrawal import WalletWithdrawal

MESSAGE_WORKFLOWS: list[type] = [DeliverMessage, SendQueued]
WORKFLOWS: list[type] = [
    TicketLoan,
    TopUp,
    SealLedger,
    CardReversal,
    ReconcilePayments,
    ReconcilePayment,
    WalletTransfer,
    WalletWithdrawal,
    LedgerReversal,
    NightlyReport,
    *MESSAGE_WORKFLOWS,
]
# A provider that does not answer holds up messages, so many at once, and nothing else.
MESSAGES_AT_ONCE = 10
# How long steps in flight may take to finish when the worker is asked to stop.
GRACE = timedelta(seconds=20)
# After a killed worker its workflows stay tied to it for so long, then another one takes over.
STICKINESS = timedelta(seconds=2)


@asynccontextmanager
async def build(
    client: Client,
    settings: Settings,
    sessions: Sessions,
    http: httpx.AsyncClient,
    workflows: Sequence[type] = WORKFLOWS,
    measures: WorkerMeasures | None = None,
) -> AsyncIterator[None]:
    """Work for the length of a block: on what moves money, and apart from it on messages."""
    pool = settings.database_pool_size
    measures = measures or WorkerMeasures()
    version = versions.as_build(settings.worker_deployment, settings.worker_build_id)
    money = Worker(
        client,
        task_queue=settings.task_queue,
        workflows=workflows,
        activities=steps.money_steps(
            settings, sessions, http, RunningWorkflows(client), measures.called
        ),
        interceptors=[measures.steps],
        # A step holds one connection: more steps than connections would only queue for them.
        max_concurrent_activities=pool,
        max_concurrent_local_activities=pool,
        graceful_shutdown_timeout=GRACE,
        sticky_queue_schedule_to_start_timeout=STICKINESS,
        **version,
    )
    messages = Worker(
        client,
        task_queue=ids.messages_queue(settings.task_queue),
        workflows=MESSAGE_WORKFLOWS,
        activities=steps.message_steps(settings, sessions, http, measures.called),
        interceptors=[measures.steps],
        max_concurrent_activities=MESSAGES_AT_ONCE,
        graceful_shutdown_timeout=GRACE,
        sticky_queue_schedule_to_start_timeout=STICKINESS,
        **version,
    )
    async with money, messages:
        yield


async def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then finish what is in hand."""
    tracer = tracer_to("worker", *settings.tracing())
    points = Points(settings.crash_at) if settings.crash_at else None
    client = await connect(
        **settings.temporal(),
        runtime=measured(settings.metrics_sdk_address, core_logs()),
        interceptors=[Propagation(tracer)],
        plugins=[in_workers(points)] if points else [],
    )
    await check(client)
    await schedules.ensure(client, settings.task_queue, settings.schedules())
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    measures = WorkerMeasures()
    pool = connected(settings.database_url.get_secret_value(), settings.database_pool_size)
    async with (
        traced(tracer),
        pool as engine,
        http_client(tracer) as http,
        measures.shown(engine, settings.metrics_address),
        build(client, settings, sessions_of(engine), http, measures=measures),
    ):
        if tracer:
            trace_statements(engine, tracer)
        if points:
            watch_commits(engine)
            watch_calls(http)
        logging.getLogger(__name__).info("worker started on %s", settings.task_queue)
        await stop.wait()


def main() -> None:
    settings = Settings()
    configure_process(settings.log_level)
    uvloop.run(run(settings))
    # The engine's native threads can crash an interpreter that shuts down the ordinary way.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
