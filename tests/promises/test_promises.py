"""Each promise names a test that exists and a mechanism that can still be taken away."""

import ast
from itertools import groupby
from pathlib import Path

import pytest

from tests.promises.breaks import BREAKS, ROOT, Break
from tests.promises.page import PROMISES, ROWS, Promise

each_promise = pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.anchor)
each_break = pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.without)


def test_the_table_lists_the_promises_in_their_order() -> None:
    listed = [(row.title, row.anchor) for row in ROWS]

    assert listed == [(promise.title, promise.anchor) for promise in PROMISES]
    assert [row.test for row in ROWS] == [promise.tests[0] for promise in PROMISES]


@each_promise
def test_a_promise_says_how_under_what_by_which_test_and_what_is_left(promise: Promise) -> None:
    for part in ("**How.**", "**When.**", "**Shown by.**", "**Not promised.**"):
        assert promise.text.count(part) == 1, part


@each_promise
def test_a_promise_names_tests_that_exist(promise: Promise) -> None:
    for test in promise.tests:
        path, name = test.split("::")
        assert name in collected(ROOT / path), test


def collected(path: Path) -> set[str]:
    """Name what pytest collects from a file: its functions whose names begin with `test`."""
    return {
        node.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")
    }


@each_promise
def test_a_promise_is_broken_on_purpose_and_its_first_test_sees_it(promise: Promise) -> None:
    seen_by = {broken.function for broken in BREAKS if broken.promise == promise.title}

    assert promise.tests[0] in seen_by


@each_break
def test_a_break_is_of_a_promise_that_names_its_test_and_its_file(broken: Break) -> None:
    [promise] = [promise for promise in PROMISES if promise.title == broken.promise]

    assert broken.function in promise.tests
    assert {change.file for change in broken.changes} <= promise.files


@each_break
def test_a_break_still_fits_the_code_and_leaves_it_whole(broken: Break) -> None:
    by_file = groupby(broken.changes, key=lambda change: change.file)
    for file, changes in by_file:
        text = (ROOT / file).read_text()
        for change in changes:
            text = change.applied(text)
        compile(text, file, "exec")


def test_breaks_have_names_of_their_own() -> None:
    assert len({broken.without for broken in BREAKS}) == len(BREAKS)
