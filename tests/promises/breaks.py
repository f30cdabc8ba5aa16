"""The breaks of tests/promises/breaks.toml: each takes the mechanism of one promise away."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TABLE = Path(__file__).with_name("breaks.toml")


@dataclass(frozen=True)
class Change:
    """A text of a file, and what takes its place."""

    file: str
    old: str
    new: str

    def applied(self, text: str) -> str:
        """Return a file's text without the mechanism.

        Raises:
            ValueError: The old text is not there, or more than once: the code has moved on.
        """
        found = text.count(self.old)
        if found != 1:
            raise ValueError(f"{self.file} has {found} times, and not once:\n{self.old}")
        return text.replace(self.old, self.new)


@dataclass(frozen=True)
class Break:
    """One mechanism, taken away.

    Attributes:
        promise: The heading in docs/promises.md of the promise that stands on it.
        without: What is missing then, in words.
        test: The test that has to see it, as pytest is told it.
        seen: A part of what that test said.
    """

    promise: str
    without: str
    test: str
    seen: str
    changes: tuple[Change, ...]

    @property
    def function(self) -> str:
        """The test without the one case of it that is enough."""
        return self.test.partition("[")[0]

    def apply(self, tree: Path) -> None:
        for change in self.changes:
            path = tree / change.file
            path.write_text(change.applied(path.read_text()))


def _all() -> list[Break]:
    return [
        Break(changes=tuple(Change(**change) for change in one.pop("change")), **one)
        for one in tomllib.loads(TABLE.read_text())["break"]
    ]


BREAKS = _all()
