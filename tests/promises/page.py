"""Reads docs/promises.md, so that the page and what is broken for it cannot drift apart."""

import re
from dataclasses import dataclass

from tests.promises.breaks import ROOT

PAGE = ROOT / "docs/promises.md"
_SECTION = re.compile(r"^### (?P<title>[^\n]+)\n(?P<text>.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
_ROW = re.compile(
    r"^\| \[(?P<title>.+)\]\(#(?P<anchor>[\w-]+)\) \| `(?P<test>.+)` \|$", re.MULTILINE
)
_TEST = re.compile(r"`(tests/[\w/]+\.py::\w+)`")
_FILE = re.compile(r"`([a-z_]+/[\w/]+\.\w+)`")


@dataclass(frozen=True)
class Promise:
    """A section of the page.

    Attributes:
        tests: Those that it names, as pytest is told them.
        files: The files that it names, in which its mechanisms are.
    """

    title: str
    text: str
    tests: tuple[str, ...]
    files: frozenset[str]

    @property
    def anchor(self) -> str:
        """What a link to its heading ends with."""
        return re.sub(r"[^\w -]", "", self.title.lower()).replace(" ", "-")


@dataclass(frozen=True)
class Row:
    """A line of the table on top of the page."""

    title: str
    anchor: str
    test: str


def _promise(section: re.Match[str]) -> Promise:
    title, text = section["title"], section["text"]
    return Promise(title, text, tuple(_TEST.findall(text)), frozenset(_FILE.findall(text)))


PROMISES = [_promise(section) for section in _SECTION.finditer(PAGE.read_text())]
ROWS = [Row(**row.groupdict()) for row in _ROW.finditer(PAGE.read_text())]
