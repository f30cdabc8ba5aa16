"""The environment variables of API, worker and migrations in a sandbox, as settings/ has them.

They are made of the sandbox's own secrets and ports. Of the shell that started us nothing is
passed on but what tunes the rules of a loan: a DATABASE_URL of production must not leak in.
"""

import os
from pathlib import Path

from sandbox.addresses import Addresses
from sandbox.home import Home
from sandbox.program import machine
from sandbox.temporal import NAMESPACE
from sandbox.webhook_keys import ProviderKeys

ROOT = Path(__file__).resolve().parent.parent
TASK_QUEUE = "assets"

# Passed on when the shell has them, so that `PAY_WINDOW=PT2M ./assets dev` does what it says.
TUNABLE = (
    "FRONTEND_URL",
    "CORS_ORIGINS",
    "LIMIT_LOGIN",
    "LIMIT_REGISTER",
    "LIMIT_RESET",
    "LIMIT_REFRESH",
    "LIMIT_PUBLIC",
    "LIMIT_WEBHOOK",
    "LIMIT_RESET_ACCOUNT",
    "LIMIT_CODE",
    "LIMIT_READ",
    "LIMIT_WRITE",
    "LOGIN_FAILURES_PER_ACCOUNT",
    "LOGIN_FAILURES_PER_ADDRESS",
    "GOOGLE_CLIENT_ID",
    "GOOGLE_CLIENT_SECRET",
    "GOOGLE_ISSUER",
    "GITHUB_CLIENT_ID",
    "GITHUB_CLIENT_SECRET",
    "GITHUB_URL",
    "GITHUB_API_URL",
    "AUTH0_CLIENT_ID",
    "AUTH0_CLIENT_SECRET",
    "AUTH0_DOMAIN",
    "AUTH0_ISSUER",
    "DATABASE_POOL_SIZE",
    "PAYMENT_WINDOW",
    "RECONCILE_INTERVAL",
    "RECONCILE_SCHEDULE",
    "SEAL_INTERVAL",
    "NIGHTLY_REPORT",
    "REPORT_TIME_ZONE",
    "EMAIL_PROVIDER",
    "SMS_PROVIDER",
    "WHATSAPP_PROVIDER",
    "MESSAGE_SCHEDULE",
    "TRANSFER_LIMIT",
    "TRANSFER_DAILY_LIMIT",
    "WITHDRAWAL_MINIMUM",
    "REVERSAL_WINDOW",
    "COMMISSION_BPS",
    "LOG_LEVEL",
    "CRASH_AT",
    "TRACES_ENDPOINT",
    "TRACES_RATIO",
    "ANSWER_WINDOW",
    "PAY_WINDOW",
    "HANDOVER_WINDOW",
    "RETURN_WINDOW",
    "REMINDER_WINDOW",
    "EXTENSION_WINDOW",
    "CLAIM_WINDOW",
    "ACCESS_TOKEN_TTL",
    "REFRESH_TOKEN_TTL",
    "SESSION_LIFETIME",
)
# Load, tests and people all come from one address here.
PLENTY = "100000/minute"
DEFAULTS = {
    "LIMIT_LOGIN": PLENTY,
    "LIMIT_REGISTER": PLENTY,
    "LIMIT_RESET": PLENTY,
    "LIMIT_REFRESH": PLENTY,
    "LIMIT_PUBLIC": PLENTY,
    "LIMIT_WEBHOOK": PLENTY,
    "LOGIN_FAILURES_PER_ADDRESS": "100000",
    "FRONTEND_URL": "http://localhost:3000",
    "RECONCILE_INTERVAL": "PT20S",  # nobody wants to wait two minutes for a lost callback here
    "SEAL_INTERVAL": "PT5S",  # nor a minute for a seal
    "MESSAGE_SCHEDULE": "PT2S",  # nor ten seconds for a message
}


def python() -> dict[str, str]:
    """Return what any Python program of ours is told."""
    return {**machine(), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def gateway(at: Addresses) -> dict[str, str]:
    """Return what the simulator is told: where its reports go, and what they are signed with."""
    return {**python(), "API_URL": at.api, "WEBHOOK_SECRET": at.secrets.webhook_secret}


def application(at: Addresses) -> dict[str, str]:
    """Return what API and worker are told."""
    secrets = at.secrets
    return {
        **python(),
        **DEFAULTS,
        **{name: os.environ[name] for name in TUNABLE if name in os.environ},
        "DEBUG": "true",
        "SECRET_KEY": secrets.secret_key,
        "JWT_SECRET": secrets.jwt_secret,
        "ENCRYPTION_KEYS": secrets.encryption_keys,
        "INDEX_KEY": secrets.index_key,
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "API_URL": at.api,
        "DATABASE_URL": at.database,
        "TEMPORAL_ADDRESS": at.temporal,
        "TEMPORAL_NAMESPACE": NAMESPACE,
        "TEMPORAL_UI_URL": at.temporal_ui,
        "TASK_QUEUE": TASK_QUEUE,
        "CODEC_OPEN_TO_LOOPBACK": "true",
        "ZARINPAL_MERCHANT_ID": secrets.merchant_id,
        "ZARINPAL_BASE_URL": at.gateway,
        **message_providers(at),
        **ProviderKeys(secrets.webhook_secret).environment(),
        "ZARINPAL_CALLBACK_URL": f"{at.api}/api/v1/payments/verify/",
    }


def message_providers(at: Addresses) -> dict[str, str]:
    """Return an account at every provider of messages: whichever is chosen, the simulator it is."""
    hosts = ("POSTMARK", "SENDGRID", "KAVENEGAR", "TWILIO", "WHATSAPP")
    return {
        **{f"{host}_BASE_URL": at.gateway for host in hosts},
        "EMAIL_FROM": "assets@example.com",
        "POSTMARK_TOKEN": "sandbox",
        "SENDGRID_API_KEY": "SG.sandbox",
        "KAVENEGAR_API_KEY": "sandbox",
        "TWILIO_ACCOUNT_SID": f"AC{0:032}",
        "TWILIO_AUTH_TOKEN": "sandbox",
        "TWILIO_SMS_SENDER": "+15005550006",
        "TWILIO_WHATSAPP_SENDER": "+15005550006",
        "WHATSAPP_ACCESS_TOKEN": "sandbox",
        "WHATSAPP_PHONE_NUMBER_ID": "100000000000001",
        "WHATSAPP_TEMPLATE": "message",
    }


def migrations(at: Addresses) -> dict[str, str]:
    """Return what the migrations are told: as above, and the role that owns the tables."""
    return {**application(at), "MIGRATION_DATABASE_URL": at.database_as_superuser}


def worker(at: Addresses) -> dict[str, str]:
    """Return what the worker is told: the same, and where it shows its figures."""
    figures = {"METRICS_ADDRESS": at.worker_metrics, "METRICS_SDK_ADDRESS": at.engine_metrics}
    return {**application(at), **figures}


def api(home: Home, at: Addresses) -> dict[str, str]:
    """Return what the API is told: the same, and what time it is for loans."""
    return {**application(at), "LOAN_CLOCK": str(home.loan_clock)}
