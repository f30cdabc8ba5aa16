"""Numbers and dates as each language writes them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from persiantools.digits import en_to_fa
from persiantools.jdatetime import JalaliDate

from domain.messages.letter import Language

_MARKS: Final = str.maketrans(",.", "٬٫")


def number(value: int | Decimal, language: Language) -> str:
    """Group the digits by threes; parts of a rial are not shown."""
    text = f"{value:,.0f}"
    return en_to_fa(text).translate(_MARKS) if language is Language.PERSIAN else text


def short_day(day: date, language: Language) -> str:
    if language is Language.PERSIAN:
        jalali = JalaliDate(day)  # type: ignore[no-untyped-call]  # it is only half typed
        return en_to_fa(f"{jalali.month}/{jalali.day}")
    return f"{day.day} {day:%b}"


def instant(at: datetime, zone: str, language: Language) -> str:
    there = at.astimezone(ZoneInfo(zone))
    if language is Language.PERSIAN:
        day = JalaliDate(there.date())  # type: ignore[no-untyped-call]
        month = day.strftime("%B", locale="fa")
        return en_to_fa(f"{day.day} {month} {day.year}، {there:%H:%M}")
    return f"{there.day} {there:%B %Y, %H:%M}"
