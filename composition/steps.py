"""Builds every step with what it needs: sessions, gateways, and what the settings say."""

from collections.abc import Callable
from typing import Any

import httpx

from activities.attention import PostgresAttentionSteps
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
from composition import message_gateways
from gateways.payout import ManualPayout
from gateways.watched import Report, WatchedMessages, WatchedZarinpal
from models.account_secrets import AccountSecrets
from models.database import Sessions
from models.encrypted import EncryptedColumn
from models.personal import PersonalData
from models.withdrawal import IBAN_COLUMN
from settings import Settings


def money_steps(
    settings: Settings,
    sessions: Sessions,
    http: httpx.AsyncClient,
    running: Running,
    called: Report,
) -> list[Callable[..., Any]]:
    """Build every step with what it needs; the gateway's calls are reported to `called`."""
    tickets = PostgresTicketSteps(sessions, settings.windows(), settings.commission_bps)
    payments = PostgresPaymentSteps(sessions, settings.payment_window, settings.reconcile_interval)
    merchant_id = settings.zarinpal_merchant_id.get_secret_value()
    gateway = ZarinpalSteps(
        WatchedZarinpal(http, settings.zarinpal_base_url, merchant_id, report=called),
        settings.zarinpal_callback_url,
    )
    card_reversals = PostgresCardReversalSteps(sessions)
    reversals = PostgresReversalSteps(sessions, settings.reversal_window)
    reconciliation = PostgresReconciliationSteps(sessions, running)
    attention = PostgresAttentionSteps(sessions)
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
        attention.list_need,
        attention.clear_need,
        attention.record_decision,
        *_wallet_steps(settings, sessions),
    ]


def _wallet_steps(settings: Settings, sessions: Sessions) -> list[Callable[..., Any]]:
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


def message_steps(
    settings: Settings, sessions: Sessions, http: httpx.AsyncClient, called: Report
) -> list[Callable[..., Any]]:
    """Build the steps of messages, with those providers whose credentials are there."""
    index_key = settings.index_key.get_secret_value().encode()
    carriers = message_gateways.chosen(settings, http)
    tries = MessageTries(
        sessions,
        {channel: WatchedMessages(one, called) for channel, one in carriers.items()},
        PersonalData.under(settings.keyring(), index_key),
        AccountSecrets.under(index_key),
        settings.frontend_url.rstrip("/"),
    )
    messages = ProviderMessageSteps(tries)
    return [messages.deliver_message, messages.deliver_due_messages]
