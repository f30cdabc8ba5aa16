"""A platform of their own for all tests of this room: nobody else writes to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models.database import create_engine, sessions_of
from sandbox.postgres import Postgres
from tests.activities.messengers import simulating
from tests.api.conftest import settings_of
from tests.conftest import a_database, as_application
from tests.crash_points.cases import World
from tests.crash_points.mortal import Mortal, steps_of


@pytest.fixture(scope="session")
async def world(
    postgres: Postgres, superuser_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("simulator")
    with a_database(postgres, superuser_url) as url:
        settings = settings_of(as_application(url), "nowhere:7233")
        engine = create_engine(settings.database_url.get_secret_value(), pool_size=4)
        async with simulating(folder) as simulator:
            sessions = sessions_of(engine)
            steps = steps_of(settings, sessions, simulator)
            yield World(settings, sessions, simulator, steps)
        await engine.dispose()


@pytest.fixture
async def mortal(world: World, tmp_path: Path) -> AsyncIterator[Mortal]:
    mortal = Mortal(world.settings, world.simulator, tmp_path)
    yield mortal
    await mortal.end()
