"""All configuration, read once from the environment (or .env) by the composition roots.

Only api/app.py, worker.py, cli.py, migrations/env.py and sandbox/ import this file; every other
room receives plain values. Durations are ISO 8601 (``PT48H``) or seconds.
"""

import base64
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Self, TypedDict

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from domain.deadlines import Windows
from domain.transfer import TransferLimits

Names = Annotated[tuple[str, ...], NoDecode]  # written with commas, not as JSON


class TemporalAccess(TypedDict):
    address: str
    namespace: str
    keys: dict[str, bytes]
    api_key: str | None
    tls: bool


class Settings(BaseSettings):
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
    encryption_keys: SecretStr = Field(
        description="AES-256 keys as `id:base64`, comma-separated; the first one encrypts."
    )
    allowed_hosts: Names = Field(("localhost", "127.0.0.1"), description="Host headers we answer.")
    frontend_url: str = Field("http://localhost:3000", description="Where browsers are sent back.")

    database_url: SecretStr = Field(description="PostgreSQL ≥ 15, the application's role.")
    migration_database_url: SecretStr | None = Field(
        None, description="The role that owns the tables; used by migrations only."
    )
    database_pool_size: int = Field(20, ge=1, le=200, description="Connections per process.")

    temporal_address: str = Field("localhost:7233", description="Temporal frontend, host:port.")
    temporal_namespace: str = Field("default", description="Temporal namespace.")
    temporal_api_key: SecretStr | None = Field(
        None, description="For Temporal Cloud; turns on TLS."
    )
    temporal_tls: bool = Field(False, description="TLS to a self-hosted Temporal.")
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

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(filter(None, map(str.strip, value.split(","))))

    @model_validator(mode="after")
    def _keys_are_keys(self) -> Self:
        self.keyring()
        return self

    @model_validator(mode="after")
    def _time_is_real(self) -> Self:
        if self.loan_clock is not None and not self.debug:
            raise ValueError("LOAN_CLOCK is for a sandbox: without DEBUG the loans' time is real")
        return self

    def keyring(self) -> dict[str, bytes]:
        """Return the encryption keys by id; the first one is used for new data."""
        pairs = (pair.split(":", 1) for pair in self.encryption_keys.get_secret_value().split(","))
        try:
            keys = {name.strip(): base64.b64decode(key, validate=True) for name, key in pairs}
        except ValueError as error:
            raise ValueError("ENCRYPTION_KEYS is `id:base64`, comma-separated") from error
        if any(len(key) != 32 for key in keys.values()):
            raise ValueError("each key in ENCRYPTION_KEYS is 32 bytes in base64")
        return keys

    def temporal(self) -> TemporalAccess:
        """Return what `engine.client.connect` takes."""
        key = self.temporal_api_key
        return {
            "address": self.temporal_address,
            "namespace": self.temporal_namespace,
            "keys": self.keyring(),
            "api_key": key.get_secret_value() if key else None,
            "tls": self.temporal_tls,
        }

    def schedules(self) -> dict[str, timedelta]:
        """Return how often each schedule of `engine.schedules` runs."""
        return {"reconcile-payments": self.reconcile_schedule, "seal-ledger": self.seal_interval}

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
