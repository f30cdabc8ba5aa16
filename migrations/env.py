"""Alembic's entry: connects as the role that owns the tables, and never waits long for a lock."""

from alembic import context
from sqlalchemy import create_engine, text

from models import (  # noqa: F401  (tables)
    account_token,
    asset,
    attention,
    audit,
    event,
    finding,
    idempotency,
    identity,
    ledger,
    limit,
    message,
    payment,
    preference,
    report,
    reversal,
    ticket,
    user,
    withdrawal,
)
from models.base import Base
from models.database import psycopg_url
from settings import Settings


def run() -> None:
    settings = Settings()
    url = settings.migration_database_url or settings.database_url
    engine = create_engine(psycopg_url(url.get_secret_value()))
    with engine.connect() as connection:
        # A migration that queues behind a long transaction would stop everyone queued behind it.
        connection.execute(text("SET lock_timeout = '5s'"))
        # For revisions that encrypt what was stored in clear.
        context.config.attributes["keyring"] = settings.keyring()
        context.config.attributes["index_key"] = settings.index_key.get_secret_value().encode()
        context.configure(connection=connection, target_metadata=Base.metadata)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    engine.dispose()


run()
