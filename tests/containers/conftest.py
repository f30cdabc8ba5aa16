"""One engine for all tests of this room: the image is built once, and brought up once."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers import base as debian
from tests.containers import images, machine
from tests.containers.engine import Engine, an_engine
from tests.containers.stack import Stack, a_stack

ROOM = Path(__file__).parent
# What is waited for is mostly builds, and the first run makes the base as well.
SLOWEST_S = 1800


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if ROOM in item.path.parents:
            item.add_marker(pytest.mark.containers)
            item.add_marker(pytest.mark.timeout(SLOWEST_S))


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    machine.require()
    # Not below pytest's own folder: the path of a socket in it would be too long.
    folder = Path(tempfile.mkdtemp(prefix="assets-containers-"))
    try:
        with an_engine(folder / "engine") as engine:
            yield engine
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def base(engine: Engine) -> str:
    return debian.load(engine)


@pytest.fixture(scope="session")
def tree(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout, with what must not get out of it."""
    return images.a_tree(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="session")
def image(engine: Engine, base: str, tree: Path) -> str:
    """The application's image, under the name that compose gives it."""
    images.build_ours(engine, base, tree, "assets:local", "application")
    return "localhost/assets:local"


@pytest.fixture(scope="session")
def stack(engine: Engine, base: str, image: str) -> Iterator[Stack]:
    images.build_stand_ins(engine, base)
    with a_stack(engine) as stack:
        yield stack
