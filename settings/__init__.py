"""All configuration, read once from the environment (or .env) by the composition roots.

Only api/app.py, worker.py, composition/, commands/, migrations/env.py and sandbox/ import this
room; every other room receives plain values. Durations are ISO 8601 (``PT48H``) or seconds.
"""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from domain.deadlines import Windows
from domain.identity import Registration
from domain.limits import Rate, Traffic
from domain.reports import Nightly
from domain.transfer import TransferLimits
from settings import providers
from settings.forms import Limit, Names, keyring
from settings.operating import OperatingSettings
from settings.production import complaints
from settings.reports import ReportSettings
from settings.temporal import TemporalAccess, TemporalSettings
from settings.webhooks import WebhookSettings


class Settings(TemporalSettings, OperatingSettings, ReportSettings, WebhookSettings):
    """Secrets have no defaults. Each field is the environment variable of the same name."""

    model_config = SettingsConfigDict(
        env_file=".env",
        frozen=True,
        extra="ignore",
        # Pydantic quotes what it refuses, and what it refuses here may be a secret.
        hide_input_in_errors=True,
    )

    debug: bool = Field(False, description="Plain-http development: cookies without `Secure`.")
    secret_key: SecretStr = Field(
        min_length=32, description="Signs CSRF tokens and idempotency fingerprints."
    )
    jwt_secret: SecretStr = Field(min_length=32, description="Signs access tokens (HS256).")
    jwt_previous_secrets: SecretStr | None = Field(
        None, description="Earlier values of JWT_SECRET, comma-separated: their tokens still count."
    )
    encryption_keys: SecretStr = Field(
        description="AES-256 keys as `id:base64`, comma-separated; the first one encrypts."
    )
    index_key: SecretStr = Field(
        min_length=32, description="Finds equal phones, national ids and IBANs; never changes."
    )
    allowed_hosts: Names = Field(("localhost", "127.0.0.1"), description="Host headers we answer.")
    https_only: bool = Field(True, description="Outside of DEBUG, plain http is refused.")
    frontend_url: str = Field("http://localhost:3000", description="Where browsers are sent back.")
    cors_origins: Names | None = Field(
        None, description="Origins whose pages may use the API; absent, FRONTEND_URL's."
    )
    api_url: str = Field(
        "http://localhost:8000", description="Where browsers reach the API: scheme and host."
    )

    database_url: SecretStr = Field(description="PostgreSQL ≥ 15, the application's role.")
    migration_database_url: SecretStr | None = Field(
        None, description="The role that owns the tables; used by migrations only."
    )
    database_pool_size: int = Field(20, ge=1, le=200, description="Connections per process.")

    task_queue: str = Field("assets", description="Task queue of API and workers.")
    temporal_ui_url: str | None = Field(
        None, description="Origin of the Temporal UI, which may call the codec endpoint."
    )
    codec_open_to_loopback: bool = Field(
        False, description="Sandbox only: the codec answers this machine without a login."
    )

    loan_clock: Path | None = Field(
        None, description="Sandbox only: the file that says how far the loans' time is ahead."
    )

    zarinpal_merchant_id: SecretStr = Field(description="36-character merchant id.")
    zarinpal_base_url: str = Field(
        "https://payment.zarinpal.com", description="Gateway host; the simulator's in a sandbox."
    )
    zarinpal_callback_url: str = Field(description="Public URL of /api/v1/payments/verify/.")
    payment_window: timedelta = Field(
        timedelta(minutes=30), description="After this an unpaid payment shows as expired."
    )
    reconcile_interval: timedelta = Field(
        timedelta(minutes=2), description="How soon a payment whose callback was lost is found."
    )
    reconcile_schedule: timedelta = Field(
        timedelta(minutes=5),
        description="How often workflows, rows, ledger and gateway are compared.",
    )
    seal_interval: timedelta = Field(
        timedelta(minutes=1), description="How often the ledger's new transactions are sealed."
    )

    message_schedule: timedelta = Field(
        timedelta(seconds=10), description="How often messages that are due are sent."
    )

    transfer_limit: Decimal = Field(
        Decimal(1_000_000_000), gt=0, description="The most that is transferred at once, in rials."
    )
    transfer_daily_limit: Decimal = Field(
        Decimal(2_000_000_000), gt=0, description="The most that a user transfers in 24 hours."
    )
    withdrawal_minimum: Decimal = Field(
        Decimal(10_000), gt=0, description="The least that is withdrawn at once, in rials."
    )
    reversal_window: timedelta = Field(
        timedelta(days=7), description="How long a wish to reverse waits for a second operator."
    )

    commission_bps: int = Field(500, ge=0, le=10_000, description="Platform's part of the fee.")
    answer_window: timedelta = Field(timedelta(hours=48), description="Lender's time to answer.")
    pay_window: timedelta = Field(timedelta(hours=24), description="Borrower's time to pay.")
    handover_window: timedelta = Field(
        timedelta(hours=24), description="Time from the start to the confirmed hand-over."
    )
    return_window: timedelta = Field(
        timedelta(hours=48), description="Lender's time to confirm the return."
    )
    reminder_window: timedelta = Field(
        timedelta(hours=24), description="How long before its end a loan's reminder goes out."
    )
    extension_window: timedelta = Field(
        timedelta(hours=24), description="Lender's time to answer an offer to borrow for longer."
    )
    claim_window: timedelta = Field(
        timedelta(hours=72), description="Time to answer a claim; silence accepts it."
    )

    access_token_ttl: timedelta = Field(timedelta(minutes=10), description="Life of access tokens.")
    refresh_token_ttl: timedelta = Field(timedelta(days=14), description="Life of refresh tokens.")
    session_lifetime: timedelta = Field(
        timedelta(days=90), description="After this a login ends, however often it is refreshed."
    )

    limit_login: Limit = Field(Rate.parse("30/minute"), description="Logins from one address.")
    limit_register: Limit = Field(
        Rate.parse("20/minute"), description="Registrations from one address."
    )
    limit_reset: Limit = Field(
        Rate.parse("20/minute"), description="Links asked for or used from one address."
    )
    limit_refresh: Limit = Field(Rate.parse("120/minute"), description="Refreshes by one address.")
    limit_public: Limit = Field(
        Rate.parse("600/minute"), description="Other requests without a login from one address."
    )
    limit_webhook: Limit = Field(
        Rate.parse("6000/minute"), description="Reports on messages from one address."
    )
    limit_reset_account: Limit = Field(
        Rate.parse("5/hour"), description="Links to reset the password of one account."
    )
    limit_code: Limit = Field(
        Rate.parse("5/minute"), description="Codes, links and passwords tried by one account."
    )
    limit_read: Limit = Field(Rate.parse("12000/minute"), description="Reads of one account.")
    limit_write: Limit = Field(Rate.parse("1200/minute"), description="Writes of one account.")
    login_failures_per_account: int = Field(
        5, ge=1, description="Failed logins of one account before it has to wait."
    )
    login_failures_per_address: int = Field(
        20, ge=1, description="Failed logins from one address before it has to wait."
    )

    google_client_id: str | None = Field(None, description="Turns on logins with Google.")
    google_client_secret: SecretStr | None = Field(None, description="Comes with that id.")
    google_issuer: str = Field(
        "https://accounts.google.com", description="Whose tokens are taken for Google's."
    )
    github_client_id: str | None = Field(None, description="Turns on logins with GitHub.")
    github_client_secret: SecretStr | None = Field(None, description="Comes with that id.")
    github_url: str = Field("https://github.com", description="Where people log in to GitHub.")
    github_api_url: str = Field("https://api.github.com", description="Where GitHub tells of them.")
    auth0_client_id: str | None = Field(None, description="Turns on logins with Auth0.")
    auth0_client_secret: SecretStr | None = Field(None, description="Comes with that id.")
    auth0_domain: str | None = Field(None, description="Domain of the Auth0 tenant.")
    auth0_issuer: str | None = Field(
        None, description="Whose tokens are taken for Auth0's; absent, the domain's."
    )

    @field_validator("allowed_hosts", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(filter(None, map(str.strip, value.split(","))))

    @model_validator(mode="after")
    def _keys_are_keys(self) -> Self:
        self.keyring()
        self.previous_jwt_secrets()
        return self

    @model_validator(mode="after")
    def _time_is_real(self) -> Self:
        if self.loan_clock is not None and not self.debug:
            raise ValueError("LOAN_CLOCK is for a sandbox: without DEBUG the loans' time is real")
        return self

    @model_validator(mode="after")
    def _is_fit_to_start(self) -> Self:
        if found := complaints(self):
            raise ValueError("; ".join(found))
        return self

    @model_validator(mode="after")
    def _providers_are_whole(self) -> Self:
        providers.check(self)
        return self

    def registrations(self) -> tuple[Registration, ...]:
        """Return the providers that one can log in with: those whose credentials are set."""
        return providers.registrations(self)

    def keyring(self) -> dict[str, bytes]:
        """Return the encryption keys by id; the first one is used for new data."""
        return keyring(self.encryption_keys.get_secret_value())

    def previous_jwt_secrets(self) -> tuple[str, ...]:
        """Return what signed access tokens before; a token says itself which key it was."""
        if self.jwt_previous_secrets is None:
            return ()
        given = self.jwt_previous_secrets.get_secret_value().split(",")
        secrets = tuple(filter(None, map(str.strip, given)))
        if any(len(secret) < 32 for secret in secrets):
            raise ValueError("each secret in JWT_PREVIOUS_SECRETS has 32 characters or more")
        return secrets

    def rates(self) -> dict[Traffic, Rate]:
        """Return how often one address or one account may do what."""
        return {traffic: getattr(self, f"limit_{traffic}") for traffic in Traffic}

    def temporal(self) -> TemporalAccess:
        """Return what `engine.client.connect` takes."""
        return self.temporal_access(self.keyring())

    def schedules(self) -> dict[str, timedelta | Nightly]:
        """Return how often, or when, each schedule of `engine.schedules` runs."""
        return {
            "reconcile-payments": self.reconcile_schedule,
            "seal-ledger": self.seal_interval,
            "deliver-messages": self.message_schedule,
            "nightly-report": self.nightly(),
        }

    def windows(self) -> Windows:
        return Windows(
            answer=self.answer_window,
            payment=self.pay_window,
            handover=self.handover_window,
            confirm_return=self.return_window,
            reminder=self.reminder_window,
            extension=self.extension_window,
            claim=self.claim_window,
        )

    def transfer_limits(self) -> TransferLimits:
        return TransferLimits(at_once=self.transfer_limit, daily=self.transfer_daily_limit)
