"""A message as it is read: lines of text and perhaps one link, as plain text and as a page."""

from dataclasses import dataclass
from enum import StrEnum

from domain.messages.direction import plain
from domain.messages.letter_page import PLATFORM, page
from domain.messages.notice import Channel


class Language(StrEnum):
    PERSIAN = "fa"
    ENGLISH = "en"

    @classmethod
    def of(cls, locale: str) -> "Language":
        """Return the language for a locale such as `fa-IR`; English for those we do not speak."""
        spoken = locale.partition("-")[0]
        return cls(spoken) if spoken in set(cls) else cls.ENGLISH

    @property
    def direction(self) -> str:
        return "rtl" if self is Language.PERSIAN else "ltr"


@dataclass(frozen=True)
class Letter:
    """Attributes.

    heading: The subject, with the directions of its words kept apart.
    short: All of it in one line, without the link.
    link: Where the reader goes on, with the words for it; None if there is nothing to do.
    why: Why the reader gets it.
    """

    language: Language
    heading: str
    lines: tuple[str, ...]
    link: tuple[str, str] | None = None
    short: str = ""
    why: str = ""

    @property
    def subject(self) -> str:
        return plain(self.heading)

    @property
    def text(self) -> str:
        link = ["{}:\n{}".format(*self.link)] if self.link else []
        why = [f"-- \n{self.why}"] if self.why else []
        return "\n\n".join([*self.lines, *link, *why])

    def by(self, channel: Channel) -> str:
        """Return the text for a channel. Of an SMS nobody else says who sends it."""
        if channel is Channel.EMAIL:
            return self.text
        if channel is Channel.WHATSAPP:
            return self.short
        # At the end in Persian: a Latin word at the start would turn the line around.
        is_persian = self.language is Language.PERSIAN
        return f"{self.short} ({PLATFORM})" if is_persian else f"{PLATFORM}: {self.short}"

    @property
    def html(self) -> str:
        language = (self.language.value, self.language.direction)
        return page(language, self.heading, self.lines, self.link, self.why)
