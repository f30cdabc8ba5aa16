"""The charts: pictures drawn here, so that they need no script and no other host.

Each is an SVG as a `data:` address for an `<img>`. A picture loads and runs nothing, whatever is
in it, and the tables below say the same for those who cannot see it.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import cycle
from typing import Any, Final

import pygal
from pygal.style import Style

from api.dashboard.numerals import number, short_day
from domain.messages.letter import Language
from domain.messages.notice import Channel, MessageStatus
from domain.reports import Counts, Day

_LOOK: Final[Mapping[str, Any]] = {
    "background": "transparent",
    "plot_background": "transparent",
    "foreground": "#33414e",
    "foreground_strong": "#1d2730",
    "foreground_subtle": "#8a97a3",
    "font_family": "Vazirmatn, Tahoma, 'DejaVu Sans', sans-serif",
    "label_font_size": 16,
    "major_label_font_size": 16,
    "legend_font_size": 16,
    "value_font_size": 16,
    "opacity": ".95",
}
_BLUE, _AMBER, _GREEN, _RED = "#2a6f97", "#e09f3e", "#3a7d44", "#b23a48"
_STYLE: Final = Style(**_LOOK, colors=(_BLUE, _AMBER, _GREEN))
_OUTCOMES: Final = Style(**_LOOK, colors=(_GREEN, _AMBER, _RED))
# A message that fails has mostly become pointless before it was sent; it is no accident.
OUTCOMES: Final = {
    MessageStatus.SENT: "sent",
    MessageStatus.QUEUED: "queued",
    MessageStatus.FAILED: "not_sent",
}
_EVERY: Final = 5  # days between two labels
_LINES: Final = 5  # of an axis, about
Words = Mapping[str, str]


def activity(days: Sequence[Day], language: Language, words: Words) -> str:
    chart = _by_day(pygal.Line(**_options(language), dots_size=2), days, language)
    lines = {
        name: [getattr(day, name) for day in days] for name in ("requests", "started", "completed")
    }
    for name, line in lines.items():
        chart.add(words[name], line)
    return _picture(chart, max(map(max, lines.values())))


def volume(days: Sequence[Day], language: Language) -> str:
    chart = _by_day(pygal.Bar(**_options(language), show_legend=False), days, language)
    chart.add("", [float(day.volume) for day in days])
    return _picture(chart, max(day.volume for day in days))


def tickets(counts: Counts, language: Language, words: Words) -> str:
    return _bars({words[status]: count for status, count in counts.tickets.items()}, language)


def payments(counts: Counts, language: Language, words: Words) -> str:
    return _bars({words[status]: count for status, count in counts.payments.items()}, language)


def messages(counts: Counts, language: Language, words: Words) -> str:
    chart = pygal.StackedBar(**_options(language) | {"style": _OUTCOMES})
    chart.x_labels = [words[channel] for channel in Channel]
    for status, name in OUTCOMES.items():
        chart.add(words[name], [counts.messages[channel][status] for channel in Channel])
    return _picture(chart, max(sum(counts.messages[channel].values()) for channel in Channel))


def _bars(values: Mapping[str, int], language: Language) -> str:
    chart = pygal.HorizontalBar(**_options(language), show_legend=False, print_values=True)
    # They are drawn from below.
    rows = list(reversed(list(values.items())))
    chart.x_labels = [name for name, _ in rows]
    chart.add("", [count for _, count in rows])
    return _picture(chart, max(values.values()))


def _by_day(chart: Any, days: Sequence[Day], language: Language) -> Any:  # noqa: ANN401  (untyped)
    chart.x_labels = [short_day(day.day, language) for day in days]
    chart.x_labels_major_every = _EVERY
    chart.show_minor_x_labels = False
    return chart


def _options(language: Language) -> dict[str, Any]:
    return {
        "width": 520,
        "height": 320,
        "style": _STYLE,
        "js": [],
        "margin": 10,
        "legend_at_bottom": True,
        "legend_at_bottom_columns": 3,
        "truncate_label": -1,
        "formatter": lambda value: number(round(value), language),
        "value_formatter": lambda value: number(round(value or 0), language),
    }


def _picture(chart: Any, highest: int | Decimal) -> str:  # noqa: ANN401
    chart.y_labels = scale(int(highest))
    return f"data:image/svg+xml;base64,{b64encode(chart.render()).decode()}"


def scale(highest: int) -> list[int]:
    """Return whole numbers for an axis that are easy to read, from 0 to above `highest`."""
    step, steps = 1, cycle((Fraction(2), Fraction(5, 2), Fraction(2)))  # 1, 2, 5, 10, 20, 50 ...
    while step * _LINES < highest:
        step = int(step * next(steps))
    return list(range(0, max(highest, 1) + step, step))
