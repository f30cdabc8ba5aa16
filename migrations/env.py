"""Alembic's entry: connects as the role that owns the tables, and never waits long for a lock."""

from alembic import context
from sqlalchemy import create_engine, text

from models import (  # noqa: F401  (tables)
    asset,
    audit,
    event,
    finding,
    idempotency,
    ledger,
    message,
    payment,
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
        context.configure(connection=connection, target_metadata=Base.metadata)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    engine.dispose()


run()
