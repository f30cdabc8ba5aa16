"""Puts the page together: figures, charts and words into the templates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from api.dashboard import charts, numerals
from api.dashboard.words import WORDS
from domain.attention import Pile, Troubled
from domain.messages.letter import Language
from domain.reports import Counts, Day, Figures

_TEMPLATES: Final = Environment(
    loader=PackageLoader("api.dashboard"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Shown:
    """Attributes.

    troubles: Of workflows that cannot go on by themselves.
    troubles_url: Where they are listed in the Temporal UI, if it is known where that is.
    zone: In whose time days and hours are.
    """

    figures: Figures
    piles: Sequence[Pile]
    troubles: Sequence[Troubled]
    zone: str
    troubles_url: str | None


@dataclass(frozen=True)
class Panel:
    """A chart, and the same as a table: its heads by their names, and rows of a head and cells."""

    name: str
    picture: str
    heads: tuple[str, ...]
    rows: Sequence[tuple[str, Sequence[int | Decimal]]]


def dashboard(shown: Shown, language: Language) -> str:
    return _fill(
        "page.html",
        language,
        shown=shown,
        counts=shown.figures.counts,
        as_of=numerals.instant(shown.figures.as_of, shown.zone, language),
        instant=partial(numerals.instant, zone=shown.zone, language=language),
        panels=_panels(shown.figures, language),
    )


def _panels(figures: Figures, language: Language) -> list[Panel]:
    return [*_by_day(figures.days, language), *_by_status(figures.counts, language)]


def _by_day(days: Sequence[Day], language: Language) -> Iterator[Panel]:
    words = WORDS[language]
    latest = [(numerals.short_day(day.day, language), day) for day in reversed(days)]
    names = ("requests", "started", "completed", "cancelled", "new_users")
    rows = [(label, [getattr(day, name) for name in names]) for label, day in latest]
    yield Panel("activity", charts.activity(days, language, words), ("day", *names), rows)
    volumes = [(label, [day.volume]) for label, day in latest]
    yield Panel("daily_volume", charts.volume(days, language), ("day", "volume"), volumes)


def _by_status(counts: Counts, language: Language) -> Iterator[Panel]:
    words, heads = WORDS[language], ("what", "number")
    tickets = [(words[status], [number]) for status, number in counts.tickets.items()]
    yield Panel("tickets", charts.tickets(counts, language, words), heads, tickets)
    payments = [(words[status], [number]) for status, number in counts.payments.items()]
    yield Panel("payments", charts.payments(counts, language, words), heads, payments)
    messages = [
        (words[channel], [by_status[status] for status in charts.OUTCOMES])
        for channel, by_status in counts.messages.items()
    ]
    picture = charts.messages(counts, language, words)
    yield Panel("messages", picture, ("what", *charts.OUTCOMES.values()), messages)


def login(language: Language) -> str:
    return _fill("login.html", language)


def forbidden(language: Language) -> str:
    return _fill("forbidden.html", language)


def _fill(name: str, language: Language, **values: Any) -> str:  # noqa: ANN401
    other = Language.ENGLISH if language is Language.PERSIAN else Language.PERSIAN
    return _TEMPLATES.get_template(name).render(
        language=language,
        other=other,
        words=WORDS[language],
        number=partial(numerals.number, language=language),
        **values,
    )
