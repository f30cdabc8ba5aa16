"""What the documents say is so: every path they name exists, and every room is on the map."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
# A path in a document: `domain/ticket.py`, `docs/`, [text](docs/api.md#part)
NAMED = re.compile(r"`([a-z_.]+/[\w./-]*|[\w-]+\.(?:py|md|lock|toml|yml))[`:]")
LINKED = re.compile(r"\]\((?!https?:|#)([^)#]+)")
ELSEWHERE = {"openapi.json", "dev.json", "__init__.py"}  # of a running system, of every package


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text()
    beside = [document.parent / name for name in LINKED.findall(text)]
    named = [name for name in NAMED.findall(text) if name not in ELSEWHERE]

    missing = [path for path in beside if not path.exists()]
    missing += [ROOT / name for name in named if not _exists(name, document.parent)]

    assert not missing


def _exists(name: str, folder: Path) -> bool:
    return (ROOT / name).exists() or (folder / name).exists()


def test_every_room_is_on_the_map() -> None:
    readme = (ROOT / "README.md").read_text()
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}

    assert {name for name in packages if f"`{name}/`" not in readme} <= {"benchmarks"}


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs/decisions").glob("*.md"))]

    assert numbers == list(range(1, len(numbers) + 1))
