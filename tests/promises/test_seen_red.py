"""Takes each mechanism away in a copy of the project, where its test has to see it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.promises.breaks import BREAKS, Break
from tests.promises.copies import copied, outcome_of

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
TRIES = 5


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Path]:
    """A copy of the project, which is not kept."""
    yield copied(tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy")


def test_with_all_of_them_in_place_each_test_is_green(tree: Path) -> None:
    tests = sorted({broken.test for broken in BREAKS})

    found = outcome_of(tree, tests)

    assert found.code == 0, found.output
    assert found.passed >= len(tests)


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.without)
def test_without_its_mechanism_the_test_of_a_promise_is_red(broken: Break, tree: Path) -> None:
    broken.apply(tree)

    # Who takes a lock away loses a race by chance, though mostly the first one.
    tries = (outcome_of(tree, [broken.test]) for _ in range(TRIES))
    found = next((outcome for outcome in tries if outcome.code), None)

    assert found is not None, "it stays green"
    assert found.code == 1, found.output
    assert any(broken.seen in failure for failure in found.failures), found.output
