"""docs/settings.md: every setting with its default and its meaning, made of .env.example.

The example is held against the code by the tests, name by name, so the table is true as well.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parent.parent
EXAMPLE: Final = _ROOT / ".env.example"
TABLE: Final = _ROOT / "docs" / "settings.md"
_HEAD: Final = """# Settings

What a deployment reads from its environment, or from `.env`; a sandbox needs none of it. Made of
`.env.example` by `./assets settings`. Durations are ISO 8601 (`PT48H`) or seconds.
"""
_SETTING: Final = re.compile(r"(# )?([A-Z][A-Z0-9_]+)=(.*)")
_TITLE_ENDS: Final = re.compile(r"[:.] | \(")
_SECTION: Final = "# --- "
_ASIDE: Final = "#   "  # a value to copy, not a part of the sentence


@dataclass
class _Section:
    words: str
    rows: list[str] = field(default_factory=list)

    def document(self) -> str:
        title, *rest = _TITLE_ENDS.split(self.words, maxsplit=1)
        about = "".join(f"\n{_sentence(words)}\n" for words in rest)
        head = "| setting | default | meaning |\n|---|---|---|"
        return "\n".join([f"\n## {title}\n{about}", head, *self.rows, ""])


def _sentence(words: str) -> str:
    is_name = "." in words.partition(" ")[0]
    return f"{words[0] if is_name else words[0].upper()}{words[1:].rstrip(').:')}."


def document() -> str:
    """Return the whole page."""
    return _HEAD + "".join(section.document() for section in _sections())


def _sections() -> Iterator[_Section]:
    _, *sections = EXAMPLE.read_text(encoding="utf-8").split(f"\n{_SECTION}")
    for text in sections:
        words, _, settings = text.partition("\n\n")
        told = [line.removeprefix("# ") for line in words.splitlines() if _is_told(line)]
        yield _Section(" ".join(told), list(_rows(settings)))


def _rows(text: str) -> Iterator[str]:
    comment: list[str] = []
    for line in text.splitlines():
        if setting := _SETTING.fullmatch(line):
            commented, name, value = setting.groups()
            default = f"`{value}`" if value else "–" if commented else "required"
            yield f"| `{name}` | {default} | {' '.join(comment)} |"
            comment = []
        elif line.startswith("#") and _is_told(line):
            comment.append(line.removeprefix("# "))


def _is_told(line: str) -> bool:
    return not line.startswith(_ASIDE)
