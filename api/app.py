"""The composition root of the API: `uvicorn --factory api.app:create_app`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.middleware.trustedhost import TrustedHostMiddleware
from temporalio.client import Client

from api.body_limit import BodyLimit
from api.catch_all import CatchAll
from api.cookies import Cookies
from api.csrf import HEADER, Csrf
from api.deps import Services
from api.engine import Commands
from api.engine_ledger import LedgerCommands
from api.engine_payments import PaymentCommands
from api.engine_wallet import WalletCommands
from api.events_hub import EventsHub
from api.logs import configure_logs
from api.openapi import Lifespan, surface
from api.passwords import Passwords
from api.request_id import RequestId
from api.routes.codec import CodecCors, spellings
from api.stop_signal import on_stop_signal
from api.tokens import AccessTokens
from engine.client import connect
from engine.codec import EncryptionCodec
from engine.loan_clock import LoanClock
from engine.loan_start import in_loan_time
from models.database import create_engine, sessions_of
from models.encrypted import EncryptedColumn
from models.withdrawal import IBAN_COLUMN
from settings import Settings

MAX_BODY_BYTES: Final = 256 * 1024


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the application. Nothing is opened before it starts to serve."""
    settings = settings or Settings()
    configure_logs()
    app = surface(_lifespan(settings))
    # Added from the inside out: the request's name comes first, whatever happens after it.
    app.add_middleware(BodyLimit, max_bytes=MAX_BODY_BYTES)
    app.add_middleware(CatchAll)
    if settings.temporal_ui_url:
        app.add_middleware(
            CodecCors,
            allow_origins=spellings(settings.temporal_ui_url),
            allow_methods=["POST"],
            allow_headers=["content-type", "x-namespace", "authorization", HEADER],
            allow_credentials=True,
        )
    app.add_middleware(
        TrustedHostMiddleware, allowed_hosts=list(settings.allowed_hosts), www_redirect=False
    )
    app.add_middleware(RequestId)
    return app


def _lifespan(settings: Settings) -> Lifespan:
    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        engine = create_engine(
            settings.database_url.get_secret_value(), settings.database_pool_size
        )
        # Reads and actions answer apart: with Temporal away, what is stored can still be read.
        client = await connect(**settings.temporal(), lazy=True)
        clock = LoanClock(settings.loan_clock)
        if settings.loan_clock:
            client = in_loan_time(client, clock)
        services = _services(settings, engine, client, clock)
        app.state.services = services
        try:
            async with services.events.running():
                with on_stop_signal(services.events.close):
                    yield
        finally:
            for task in services.background:
                task.cancel()
            await asyncio.gather(*services.background, return_exceptions=True)
            await engine.dispose()

    return run


def _services(
    settings: Settings, engine: AsyncEngine, client: Client, clock: LoanClock
) -> Services:
    secret = settings.secret_key.get_secret_value().encode()
    return Services(
        sessions=sessions_of(engine),
        reads=sessions_of(engine.execution_options(isolation_level="AUTOCOMMIT")),
        commands=Commands(client, settings.task_queue),
        wallet=WalletCommands(client, settings.task_queue),
        ledger=LedgerCommands(client, settings.task_queue),
        payments=PaymentCommands(client, settings.task_queue),
        events=EventsHub(settings.database_url.get_secret_value()),
        ibans=EncryptedColumn(settings.keyring(), IBAN_COLUMN),
        codec=EncryptionCodec(settings.keyring()),
        codec_is_open=settings.codec_open_to_loopback,
        tokens=AccessTokens(settings.jwt_secret.get_secret_value(), settings.access_token_ttl),
        passwords=Passwords(),
        csrf=Csrf(secret),
        cookies=Cookies(
            is_secure=not settings.debug,
            access_lifetime=settings.access_token_ttl,
            refresh_lifetime=settings.refresh_token_ttl,
        ),
        fingerprint_key=secret,
        refresh_lifetime=settings.refresh_token_ttl,
        clock=clock,
        windows=settings.windows(),
        commission_bps=settings.commission_bps,
        withdrawal_minimum=settings.withdrawal_minimum,
        frontend_url=settings.frontend_url.rstrip("/"),
    )
