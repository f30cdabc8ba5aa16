"""What waits or runs in a workflow has a name in words, for who reads its history in the UI."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOM = Path(__file__).parent.parent.parent / "workflows"
# What each call of the SDK takes its words by; a wait without a timeout makes no timer.
NAMED = {
    "execute_activity_method": "summary",
    "execute_local_activity_method": "summary",
    "start_activity_method": "summary",
    "sleep": "summary",
    "wait_condition": "timeout_summary",
    "start_child_workflow": "static_summary",
    "execute_child_workflow": "static_summary",
}
# These make a timer, an activity or a child as well, and take no words.
NAMELESS = {"execute_activity", "start_activity", "execute_local_activity", "start_local_activity"}


def calls(path: Path) -> Iterator[tuple[str, set[str]]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, {keyword.arg or "**" for keyword in node.keywords}


@pytest.mark.parametrize("path", sorted(ROOM.glob("*.py")), ids=lambda path: path.stem)
def test_what_waits_or_runs_says_what_it_is(path: Path) -> None:
    for name, words in calls(path):
        assert name not in NAMELESS
        if name == "wait_condition" and "timeout" not in words:
            continue
        assert name not in NAMED or NAMED[name] in words, f"{path.name}: {name}"


def workflows(tree: ast.Module) -> Iterator[ast.ClassDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any(
            "workflow.defn" in ast.unparse(decorator) for decorator in node.decorator_list
        ):
            yield node


@pytest.mark.parametrize("path", sorted(ROOM.glob("*.py")), ids=lambda path: path.stem)
def test_each_workflow_says_what_it_is_about_before_its_first_step(path: Path) -> None:
    for flow in workflows(ast.parse(path.read_text())):
        [run] = [
            node
            for node in flow.body
            if isinstance(node, ast.AsyncFunctionDef)
            and "workflow.run" in map(ast.unparse, node.decorator_list)
        ]
        before = ast.unparse(run).partition("await ")[0]
        assert ".tell(" in before or "set_current_details(" in before, flow.name
