"""How facts are said in a language: amounts with their unit, dates by its calendar, names apart.

A fact is stored in one form (`domain.messages.facts`). What it becomes here is for a reader's
eyes, and nobody reads it back.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from persiantools.digits import en_to_fa
from persiantools.jdatetime import JalaliDate

from domain.messages.direction import apart, harmless, is_leftward
from domain.messages.letter import Language
from domain.messages.wording import Facts, Phrases

AMOUNTS: Final = frozenset(
    {"amount", "claim", "deposit", "fee", "to_borrower", "to_lender", "total"}
)
INSTANTS: Final = frozenset({"deadline_at", "ends_at", "starts_at"})
_TEHRAN: Final = ZoneInfo("Asia/Tehran")
_LONGEST: Final = 60
_LONGEST_IN_BRIEF: Final = 24
_MARKS: Final = str.maketrans(",.", "٬٫")


def said(
    facts: Mapping[str, str], language: Language, phrases: Phrases, *, brief: bool = False
) -> dict[str, str]:
    """Return facts as a reader is told them; `brief` where every sign counts."""
    known = {
        name: _apart(_said(name, fact, language, brief=brief), language)
        for name, fact in facts.items()
        if name not in phrases
    }
    # Their words hold other facts.
    meant = {name: phrases[name].get(facts[name], "…") for name in facts.keys() & phrases.keys()}
    return known | {name: words.format_map(Facts(known)) for name, words in meant.items()}


def _said(name: str, fact: str, language: Language, *, brief: bool) -> str:
    if name in AMOUNTS:
        return _amount(Decimal(fact), language)
    if name in INSTANTS:
        at = datetime.fromisoformat(fact)
        return _jalali(at, brief=brief) if language is Language.PERSIAN else _utc(at, brief=brief)
    return harmless(fact, _LONGEST_IN_BRIEF if brief else _LONGEST)


def _amount(amount: Decimal, language: Language) -> str:
    if language is Language.PERSIAN:
        return f"{en_to_fa(f'{amount:,f}').translate(_MARKS)} ریال"
    return f"{amount:,f} rials"


def _jalali(at: datetime, *, brief: bool) -> str:
    there = at.astimezone(_TEHRAN)
    date = JalaliDate(there.date())  # type: ignore[no-untyped-call]  # it is only half typed
    year = "" if brief else f" {date.year}"
    month = date.strftime("%B", locale="fa")
    return en_to_fa(f"{date.day} {month}{year} ساعت {there:%H:%M}")


def _utc(at: datetime, *, brief: bool) -> str:
    there = at.astimezone(UTC)
    date = f"{there:%b}" if brief else f"{there:%B %Y}"
    return f"{there.day} {date}, {there:%H:%M} UTC"


def _apart(text: str, language: Language) -> str:
    """Keep a fact from changing the direction of what is around it, where it may."""
    return apart(text) if language is Language.PERSIAN or is_leftward(text) else text
