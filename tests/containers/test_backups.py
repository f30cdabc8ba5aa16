"""The service `backup`: what it writes can be restored, by an image that has all it takes."""

from pathlib import Path

import httpx
import pytest

from tests.api.people import join
from tests.containers import images
from tests.containers.engine import ContainerError, Engine
from tests.containers.stack import Stack
from tests.e2e import loans
from tests.e2e.gateway import top_up
from tests.e2e.test_kills import PRICE

CHECK = ("python", "cli.py", "backup-check", "/backups", "--deployment")
DAMAGE = "import pathlib; path, = pathlib.Path('/backups').glob('*.*'); path.write_bytes(b'')"


@pytest.fixture(scope="session")
def backups(engine: Engine, base: str, tree: Path, stack: Stack) -> Stack:
    images.build_ours(engine, base, tree, "assets-backup:local", "backup")
    return stack


async def test_a_backup_is_made_and_found_good_until_it_is_damaged(backups: Stack) -> None:
    async with (
        httpx.AsyncClient(base_url=backups.api, timeout=30, trust_env=False) as http,
        httpx.AsyncClient(base_url=backups.gateway, timeout=30, trust_env=False) as gateway,
    ):
        lender, borrower = await join(http), await join(http)
        await top_up(gateway, borrower, PRICE)
        await loans.whole(lender, borrower)

    made = backups.ask("backup")
    backups.ask("backup", *CHECK)
    backups.ask("backup", "python", "-c", DAMAGE)

    assert "/backups/" in made
    with pytest.raises(ContainerError):
        backups.ask("backup", *CHECK)
