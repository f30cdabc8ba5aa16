"""The form in which a kind of message is worded, in one language."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Formatter


class IfKnown(str):
    """A sentence that is left out where one of its facts is not known."""

    __slots__ = ()


class Facts(dict[str, str]):
    """A fact that nobody gave leaves a gap in the text, and does not keep it from being sent."""

    def __missing__(self, name: str) -> str:
        return "…"


@dataclass(frozen=True)
class Wording:
    """Words with `{facts}` in them.

    Attributes:
        short: All of it in one line, for an SMS and for lists.
        link: The words for a link, where there is one.
    """

    subject: str
    lines: tuple[str, ...]
    short: tuple[str, ...]
    link: str | None = None


# What a fact with a code means: its name, then the code.
Phrases = Mapping[str, Mapping[str, str]]


def filled(sentences: tuple[str, ...], facts: Mapping[str, str]) -> Iterator[str]:
    """Put the facts into sentences."""
    known = Facts(facts)
    for sentence in sentences:
        if not isinstance(sentence, IfKnown) or names_in(sentence) <= known.keys():
            yield sentence.format_map(known)


def names_in(sentence: str) -> set[str]:
    """Return the names of the facts in a sentence."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}
