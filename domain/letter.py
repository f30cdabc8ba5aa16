"""A message as it is read: lines of text and perhaps one link, as plain text and as a page."""

from dataclasses import dataclass
from enum import StrEnum
from html import escape
from typing import Final


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


# Tables and inline styles are all that programs for e-mail agree on; this needs neither.
_PAGE: Final = """<!doctype html>
<html lang="{language}" dir="{direction}">
<head><meta charset="utf-8"><title>{subject}</title></head>
<body style="font-family: Tahoma, sans-serif; line-height: 1.7">
{body}
</body>
</html>
"""


@dataclass(frozen=True)
class Letter:
    """Attributes.

    link: Where the reader goes on, with the words for it; None if there is nothing to do.
    """

    language: Language
    subject: str
    lines: tuple[str, ...]
    link: tuple[str, str] | None = None

    @property
    def text(self) -> str:
        return "\n\n".join([*self.lines, *([self.link[1]] if self.link else [])])

    @property
    def html(self) -> str:
        body = [f"<p>{escape(line)}</p>" for line in self.lines]
        if self.link:
            words, address = self.link
            body.append(f'<p><a href="{escape(address)}">{escape(words)}</a></p>')
            body.append(f'<p dir="ltr"><small>{escape(address)}</small></p>')
        return _PAGE.format(
            language=self.language,
            direction=self.language.direction,
            subject=escape(self.subject),
            body="\n".join(body),
        )
