"""`python -m worker`: the composition root of workflows and activities."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import uvloop
from temporalio.client import Client
from temporalio.worker import Worker

from composition import steps
from domain import ids
from engine import schedules
from engine.client import connect
from engine.running import RunningWorkflows
from engine.search_attributes import check
from models.database import Sessions, connected, sessions_of
from settings import Settings
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
    client: Client, settings: Settings, sessions: Sessions, http: httpx.AsyncClient
) -> AsyncIterator[None]:
    """Work for the length of a block: on what moves money, and apart from it on messages."""
    pool = settings.database_pool_size
    money = Worker(
        client,
        task_queue=settings.task_queue,
        workflows=WORKFLOWS,
        activities=steps.money_steps(settings, sessions, http, RunningWorkflows(client)),
        # A step holds one connection: more steps than connections would only queue for them.
        max_concurrent_activities=pool,
        max_concurrent_local_activities=pool,
        graceful_shutdown_timeout=GRACE,
        sticky_queue_schedule_to_start_timeout=STICKINESS,
    )
    messages = Worker(
        client,
        task_queue=ids.messages_queue(settings.task_queue),
        workflows=MESSAGE_WORKFLOWS,
        activities=steps.message_steps(settings, sessions, http),
        max_concurrent_activities=MESSAGES_AT_ONCE,
        graceful_shutdown_timeout=GRACE,
        sticky_queue_schedule_to_start_timeout=STICKINESS,
    )
    async with money, messages:
        yield


async def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then finish what is in hand."""
    client = await connect(**settings.temporal())
    await check(client)
    await schedules.ensure(client, settings.task_queue, settings.schedules())
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    pool = connected(settings.database_url.get_secret_value(), settings.database_pool_size)
    async with (
        pool as engine,
        httpx.AsyncClient() as http,
        build(client, settings, sessions_of(engine), http),
    ):
        logging.getLogger(__name__).info("worker started on %s", settings.task_queue)
        await stop.wait()


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # some providers take their key in the URL
    uvloop.run(run(Settings()))
    # The engine's native threads can crash an interpreter that shuts down the ordinary way.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
