"""A PostgreSQL server that is good for one thing, and gone afterwards with all that was in it."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sandbox.ports import free_port
from sandbox.postgres import Postgres

# Nothing in it has to survive anything.
_OPTIONS: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "autovacuum": "off",
}


@contextmanager
def server() -> Iterator[str]:
    """Run one for the length of a block; its superuser's URL is what the block gets."""
    with tempfile.TemporaryDirectory(prefix="assets-") as folder:
        data = Path(folder) / "postgres"
        password = secrets.token_urlsafe(18)
        with Postgres(data, free_port(), password, _OPTIONS).running() as running:
            yield running.superuser_url()
