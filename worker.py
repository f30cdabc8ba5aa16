"""`python -m worker`: the composition root of workflows and activities."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import uvloop
from temporalio.client import Client
from temporalio.worker import Worker

import message_gateways
from activities.card_reversals import PostgresCardReversalSteps
from activities.gateway import ZarinpalSteps
from activities.message_tries import MessageTries
from activities.messages import ProviderMessageSteps
from activities.payments import PostgresPaymentSteps
from activities.payout import GatewayPayoutSteps
from activities.reconciliation import PostgresReconciliationSteps, Running
from activities.reports import PostgresReportSteps
from activities.reversals import PostgresReversalSteps
from activities.seals import PostgresSealSteps
from activities.tickets import PostgresTicketSteps
from activities.transfers import PostgresTransferSteps
from activities.withdrawals import PostgresWithdrawalSteps
from domain import ids
from engine import schedules
from engine.client import connect
from engine.running import RunningWorkflows
from engine.search_attributes import check
from gateways.payout import ManualPayout
from gateways.zarinpal import ZarinpalGateway
from models.account_secrets import AccountSecrets
from models.database import Sessions, connected, sessions_of
from models.encrypted import EncryptedColumn
from models.personal import PersonalData
from models.withdrawal import IBAN_COLUMN
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


def activities(
    settings: Settings, sessions: Sessions, http: httpx.AsyncClient, running: Running
) -> list[Callable[..., Any]]:
    """Build every step with what it needs."""
    tickets = PostgresTicketSteps(sessions, settings.windows(), settings.commission_bps)
    payments = PostgresPaymentSteps(sessions, settings.payment_window, settings.reconcile_interval)
    merchant_id = settings.zarinpal_merchant_id.get_secret_value()
    gateway = ZarinpalSteps(
        ZarinpalGateway(http, settings.zarinpal_base_url, merchant_id),
        settings.zarinpal_callback_url,
    )
    card_reversals = PostgresCardReversalSteps(sessions)
    reversals = PostgresReversalSteps(sessions, settings.reversal_window)
    reconciliation = PostgresReconciliationSteps(sessions, running)
    reports = PostgresReportSteps(sessions, settings.report_time_zone)
    return [
        tickets.open_ticket,
        tickets.move_ticket,
        payments.record_payment,
        payments.attach_authority,
        payments.mark_payment,
        payments.settle_payment,
        payments.keep_in_wallet,
        gateway.open_at_gateway,
        gateway.verify_at_gateway,
        gateway.inquire_at_gateway,
        gateway.reverse_at_gateway,
        gateway.status_at_gateway,
        gateway.list_unverified,
        card_reversals.ask_card_reversal,
        card_reversals.close_card_reversal,
        reversals.ask_reversal,
        reversals.decide_reversal,
        reconciliation.find_to_look_at,
        reconciliation.compare,
        reconciliation.compare_payment,
        PostgresSealSteps(sessions).seal_ledger,
        reports.find_days_to_report,
        reports.report_day,
        reports.check_counters,
        *wallet_activities(settings, sessions),
    ]


def wallet_activities(settings: Settings, sessions: Sessions) -> list[Callable[..., Any]]:
    """Build the steps of money that leaves a wallet for another one, or for a bank."""
    withdrawals = PostgresWithdrawalSteps(sessions, settings.withdrawal_minimum)
    ibans = EncryptedColumn(settings.keyring(), IBAN_COLUMN)
    return [
        PostgresTransferSteps(sessions, settings.transfer_limits()).transfer,
        withdrawals.ask_withdrawal,
        withdrawals.decide_withdrawal,
        withdrawals.close_withdrawal,
        GatewayPayoutSteps(ManualPayout(), sessions, ibans).pay_out,
    ]


def message_activities(
    settings: Settings, sessions: Sessions, http: httpx.AsyncClient
) -> list[Callable[..., Any]]:
    """Build the steps of messages, with those providers whose credentials are there."""
    index_key = settings.index_key.get_secret_value().encode()
    tries = MessageTries(
        sessions,
        message_gateways.chosen(settings, http),
        PersonalData.under(settings.keyring(), index_key),
        AccountSecrets.under(index_key),
        settings.frontend_url.rstrip("/"),
    )
    messages = ProviderMessageSteps(tries)
    return [messages.deliver_message, messages.deliver_due_messages]


@asynccontextmanager
async def build(
    client: Client, settings: Settings, sessions: Sessions, http: httpx.AsyncClient
) -> AsyncIterator[None]:
    """Work for the length of a block: on what moves money, and apart from it on messages."""
    steps = settings.database_pool_size
    money = Worker(
        client,
        task_queue=settings.task_queue,
        workflows=WORKFLOWS,
        activities=activities(settings, sessions, http, RunningWorkflows(client)),
        # A step holds one connection: more steps than connections would only queue for them.
        max_concurrent_activities=steps,
        max_concurrent_local_activities=steps,
        graceful_shutdown_timeout=GRACE,
        sticky_queue_schedule_to_start_timeout=STICKINESS,
    )
    messages = Worker(
        client,
        task_queue=ids.messages_queue(settings.task_queue),
        workflows=MESSAGE_WORKFLOWS,
        activities=message_activities(settings, sessions, http),
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
