"""The composition root of the API: `uvicorn --factory api.app:create_app`."""

import asyncio
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.runtime import Runtime

from api.accounts.cookies import Cookies
from api.accounts.passwords import Passwords
from api.accounts.tokens import AccessTokens
from api.commands.decisions import DecisionCommands
from api.commands.ledger import LedgerCommands
from api.commands.messages import MessageCommands
from api.commands.payments import PaymentCommands
from api.commands.tickets import Commands
from api.commands.wallet import WalletCommands
from api.deps import Services
from api.limits.login_guard import LoginGuard
from api.limits.rate_limits import RateLimits
from api.limits.sweeping import sweeping
from api.live.hub import EventsHub
from api.live.stop_signal import on_stop_signal
from api.metrics import ApiMeasures
from api.openapi import Lifespan, surface
from api.perimeter.csrf import Csrf
from api.perimeter.origins import origin_of_url
from api.perimeter.stack import Perimeter, surround
from api.perimeter.traced import Traced
from api.policy import check as check_policies
from api.providers.registry import IdentityProviders
from api.webhooks.registry import Webhooks
from crash_points.points import Points
from crash_points.requests import Requests, watch_requests
from engine.client import connect
from engine.codec import EncryptionCodec
from engine.loan_clock import LoanClock
from engine.loan_start import in_loan_time
from engine.runtime import measured
from models.account_secrets import AccountSecrets
from models.database import connected, sessions_of
from models.encrypted import BlindIndex, EncryptedColumn
from models.personal import PersonalData
from models.withdrawal import IBAN_COLUMN
from settings import Settings
from telemetry.core_logs import core_logs
from telemetry.logs import configure_process, configure_structlog
from telemetry.propagation import Propagation
from telemetry.spans import Tracer
from telemetry.statements import trace_statements
from telemetry.switch import traced, tracer_to


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the application. Nothing is opened before it starts to serve.

    Args:
        settings: Absent in a process of its own, which reads them and is ours to set up.
    """
    configure_structlog()
    if settings is None:
        settings = Settings()
        configure_process(settings.log_level)
        Runtime.set_default(measured(None, core_logs()))
    measures = ApiMeasures()
    tracer = tracer_to("api", *settings.tracing())
    app = surface(_lifespan(settings, measures, tracer))
    surround(app, _perimeter(settings), measures.requests)
    if tracer:
        app.add_middleware(Traced, tracer=tracer)
    if settings.crash_at:
        app.add_middleware(Requests, points=Points(settings.crash_at))
    check_policies(app.routes)
    return app


def _perimeter(settings: Settings) -> Perimeter:
    return Perimeter(
        hosts=settings.allowed_hosts,
        origins=frozenset(settings.cors_origins or (origin_of_url(settings.frontend_url),)),
        temporal_ui_url=settings.temporal_ui_url,
        https_only=settings.https_only and not settings.debug,
    )


def _lifespan(settings: Settings, measures: ApiMeasures, tracer: Tracer | None) -> Lifespan:
    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        # Reads and actions answer apart: with Temporal away, what is stored can still be read.
        client = await connect(
            **settings.temporal(),
            lazy=True,
            interceptors=[Propagation(tracer)],
        )
        clock = LoanClock(settings.loan_clock)
        if settings.loan_clock:
            client = in_loan_time(client, clock)
        pool = connected(settings.database_url.get_secret_value(), settings.database_pool_size)
        async with traced(tracer), pool as engine:
            if tracer:
                trace_statements(engine, tracer)
            if settings.crash_at:
                watch_requests(engine)
            services = app.state.services = _services(settings, engine, client, clock, measures)
            measures.watch(engine, services.events)
            try:
                async with sweeping(services.reads), services.events.running():
                    with on_stop_signal(services.events.close):
                        yield
            finally:
                await _end(services.background)

    return run


async def _end(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _services(
    settings: Settings,
    engine: AsyncEngine,
    client: Client,
    clock: LoanClock,
    measures: ApiMeasures,
) -> Services:
    secret = settings.secret_key.get_secret_value().encode()
    index_key = settings.index_key.get_secret_value().encode()
    background: set[asyncio.Task[Any]] = set()
    sessions = sessions_of(engine)
    reads = sessions_of(engine.execution_options(isolation_level="AUTOCOMMIT"))
    limits_key = hmac.digest(secret, b"limits", "sha256")
    return Services(
        sessions=sessions,
        reads=reads,
        commands=Commands(client, settings.task_queue),
        wallet=WalletCommands(client, settings.task_queue),
        ledger=LedgerCommands(client, settings.task_queue),
        payments=PaymentCommands(client, settings.task_queue),
        messages=MessageCommands(client, settings.task_queue, background),
        decisions=DecisionCommands(client),
        measures=measures,
        events=EventsHub(settings.database_url.get_secret_value()),
        ibans=EncryptedColumn(settings.keyring(), IBAN_COLUMN),
        iban_index=BlindIndex(index_key, IBAN_COLUMN),
        personal=PersonalData.under(settings.keyring(), index_key),
        secrets=AccountSecrets.under(index_key),
        codec=EncryptionCodec(settings.keyring()),
        codec_is_open=settings.codec_open_to_loopback,
        tokens=AccessTokens(
            settings.jwt_secret.get_secret_value(),
            settings.access_token_ttl,
            settings.previous_jwt_secrets(),
        ),
        passwords=Passwords(),
        csrf=Csrf(secret),
        limits=RateLimits(settings.rates(), limits_key, reads),
        login_guard=LoginGuard.made(
            sessions,
            limits_key,
            settings.login_failures_per_account,
            settings.login_failures_per_address,
        ),
        cookies=Cookies(
            is_secure=not settings.debug,
            access_lifetime=settings.access_token_ttl,
            refresh_lifetime=settings.refresh_token_ttl,
        ),
        providers=IdentityProviders.of(settings.registrations(), settings.api_url),
        webhooks=Webhooks.of(settings.webhooks(), settings.api_url),
        fingerprint_key=secret,
        refresh_lifetime=settings.refresh_token_ttl,
        session_lifetime=settings.session_lifetime,
        clock=clock,
        windows=settings.windows(),
        commission_bps=settings.commission_bps,
        withdrawal_minimum=settings.withdrawal_minimum,
        frontend_url=settings.frontend_url.rstrip("/"),
        report_time_zone=settings.report_time_zone,
        temporal_ui_url=settings.temporal_ui_url,
        background=background,
    )
