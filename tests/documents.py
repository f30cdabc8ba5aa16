"""The documents, taken apart: their headings, their links, and the commands they name."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
FENCED = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
OURS = re.compile(r"^(?:\./assets|python cli\.py)\b(.*)")
CUT_SHORT = re.compile(r"\b([0-9a-f]{6,})\.\.\.")  # a digest of which the beginning is shown
ANY_SEAL = ("NUMBER:SHA256", f"1:{'0' * 64}")


@dataclass(frozen=True)
class Document:
    """One page of Markdown."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        return self.path.read_text()

    @property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return FENCED.sub("", self.text)

    @property
    def links(self) -> list[str]:
        return LINK.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """What a link can name after its #, made of the headings as GitHub makes it."""
        return {anchor(heading) for heading in HEADING.findall(self.prose)}

    @property
    def opening(self) -> str:
        """The first paragraph under the title."""
        return self.text.partition("\n\n")[2].partition("\n\n")[0]

    def blocks(self, language: str) -> list[str]:
        return [block for found, block in FENCED.findall(self.text) if found == language]

    def section(self, title: str) -> "Section":
        return Section(self.text.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0])

    def commands(self) -> Iterator[list[str]]:
        """Yield the arguments of each of our commands that it names, in prose or in a block."""
        lines = [line for block in self.blocks("sh") for line in block.splitlines()]
        for code in [*SPAN.findall(self.prose), *lines]:
            if found := OURS.match(code.strip()):
                yield arguments(found[1])


@dataclass(frozen=True)
class Section:
    """What stands between two headings."""

    text: str

    @property
    def script(self) -> str:
        """Its shell, all blocks in a row."""
        return "".join(block for language, block in FENCED.findall(self.text) if language == "sh")


def anchor(heading: str) -> str:
    plain = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return plain.replace(" ", "-")


def arguments(text: str) -> list[str]:
    """Split what follows the program's name, without comment and pipe."""
    whole = CUT_SHORT.sub(lambda found: found[1].ljust(64, "0"), text.replace(*ANY_SEAL))
    words = shlex.split(whole, comments=True)
    ends = [words.index(word) for word in words if word in {"|", ">", "&", "&&"}]
    return words[: min(ends, default=len(words))]


def documents() -> list[Document]:
    return [Document(path) for path in DOCUMENTS]
