"""Every kind of message has words in both languages, for the facts that its step gives."""

import itertools
import re
from collections.abc import Iterable
from uuid import uuid4

import pytest

from domain.messages.direction import APART, TOGETHER
from domain.messages.letter import Language, Letter
from domain.messages.notice import WITH_SECRET, Channel, Notice, NoticeKind, worth_sending
from domain.messages.spoken import AMOUNTS, INSTANTS
from domain.messages.texts import account_english
from domain.messages.wording import IfKnown, Wording, names_in
from domain.messages.writing import ENGLISH, PAGES, PERSIAN, TONGUES, write
from tests import notices

FACTS = {"provider": "Google", "role": "operator"}
FRONTEND = "https://app.example.com"
TOKEN = "kX9-_aB"
TITLE = "دوربین Canon EOS R6"
LOCALES = ("fa", "fa-IR", "en", "en-GB", "de")
ACCOUNT = [Notice(kind, uuid4(), facts=FACTS) for kind in account_english.WORDINGS]
TOLD = [*ACCOUNT, *notices.of_loans(), *notices.of_money()]
KINDS = sorted(NoticeKind)
LONGEST = {"en": 160, "fa": 134}  # one segment of an SMS, two of one in UCS-2


def written(notice: Notice, locale: str) -> Letter:
    """Write a message as it is sent: the database adds the title to what is about a loan."""
    facts = {**notice.facts, "title": TITLE} if notice.ticket_id else notice.facts
    secret = TOKEN if notice.kind in WITH_SECRET else None
    return write(notice.kind, locale, facts, secret, FRONTEND, notice.ticket_id)


def told(kind: NoticeKind) -> list[Notice]:
    """Return all that the steps tell of a kind, which is something."""
    found = [notice for notice in TOLD if notice.kind is kind]
    assert found
    return found


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_step_tells_can_be_written_without_a_gap(kind: NoticeKind, locale: str) -> None:
    for letter in (written(notice, locale) for notice in told(kind)):
        everything = (letter.subject, letter.html, *(letter.by(channel) for channel in Channel))
        for text in everything:
            assert text
            assert not {"…", "{"} & set(text)
        assert not {APART, TOGETHER} & set("".join((letter.subject, letter.html, letter.short)))
        is_persian = locale.startswith("fa")
        ours = letter.text.replace(TITLE, "")
        assert is_persian == any("\u0600" <= sign <= "\u06ff" for sign in ours)
        assert f'dir="{"rtl" if is_persian else "ltr"}"' in letter.html
        assert (TOKEN in letter.text) == (kind in WITH_SECRET)


@pytest.mark.parametrize("kind", KINDS)
def test_a_letter_leads_where_its_reader_goes_on(kind: NoticeKind) -> None:
    for notice in told(kind):
        letter = written(notice, "fa")
        if kind not in PAGES:
            assert letter.link is None
            continue
        own = {"ticket_id": notice.ticket_id, "payment_id": notice.facts.get("payment_id")}
        address = f"{FRONTEND}{PAGES[kind].format_map(own)}"
        address += f"?token={TOKEN}" if kind in WITH_SECRET else ""
        assert letter.link
        assert letter.link[1] == address
        assert f"\n{address}\n" in letter.text
        assert f'href="{address}"' in letter.html


@pytest.mark.parametrize("locale", sorted(LONGEST))
@pytest.mark.parametrize("kind", KINDS)
def test_a_short_form_is_one_line_and_fits(kind: NoticeKind, locale: str) -> None:
    for notice in told(kind):
        sms = written(notice, locale).by(Channel.SMS)

        assert "\n" not in sms
        assert "Assets" in sms
        assert len(sms) <= LONGEST[locale]


def test_both_languages_say_the_same_facts_of_every_kind() -> None:
    assert set(ENGLISH) == set(PERSIAN) == set(NoticeKind)
    for kind in NoticeKind:
        english, persian = ENGLISH[kind], PERSIAN[kind]
        for each in (said_always, said_if_known, said_in_brief):
            assert each(english) == each(persian), kind
        assert (english.link is None) == (persian.link is None) == (kind not in PAGES)
    english_codes, persian_codes = (
        {name: set(codes) for name, codes in TONGUES[language].phrases.items()}
        for language in (Language.ENGLISH, Language.PERSIAN)
    )
    assert english_codes == persian_codes


def said_always(wording: Wording) -> set[str]:
    return names(line for line in wording.lines if not isinstance(line, IfKnown))


def said_if_known(wording: Wording) -> set[str]:
    return names(line for line in wording.lines if isinstance(line, IfKnown))


def said_in_brief(wording: Wording) -> set[str]:
    return names(wording.short)


def names(lines: Iterable[str]) -> set[str]:
    return set(itertools.chain.from_iterable(names_in(line) for line in lines))


def test_a_reader_is_told_amounts_and_dates_in_their_own_way() -> None:
    facts = {"title": "Canon", "total": "1285000", "ends_at": "2026-11-26T20:45:00Z"}
    facts |= {"starts_at": "2026-03-20T20:29:00Z", "deadline_at": "2026-03-20T20:31:00Z"}

    english = write(NoticeKind.TICKET_ACCEPTED, "en", facts, None, FRONTEND)
    persian = write(NoticeKind.TICKET_ACCEPTED, "fa", facts, None, FRONTEND)

    assert "1,285,000 rials" in english.text
    assert "from 20 March 2026, 20:29 UTC to 26 November 2026, 20:45 UTC" in english.text
    assert "20 Mar, 20:31 UTC" in english.short
    assert apart("۱٬۲۸۵٬۰۰۰ ریال") in persian.text
    # Tehran is three and a half hours ahead: a minute before and after the turn of its year.
    assert (
        f"از {apart('۲۹ اسفند ۱۴۰۴ ساعت ۲۳:۵۹')} تا {apart('۶ آذر ۱۴۰۵ ساعت ۰۰:۱۵')}"
        in persian.text
    )
    assert "تا ۱ فروردین ساعت ۰۰:۰۱" in persian.short


def apart(text: str) -> str:
    return f"{APART}{text}{TOGETHER}"


@pytest.mark.parametrize(
    ("amount", "english", "persian"),
    [
        ("0", "0 rials", "۰ ریال"),
        ("999.50", "999.50 rials", "۹۹۹٫۵۰ ریال"),
        ("9999999999999999.99", "9,999,999,999,999,999.99 rials", "۹٬۹۹۹٬۹۹۹٬۹۹۹٬۹۹۹٬۹۹۹٫۹۹ ریال"),
    ],
)
def test_amounts_are_exact(amount: str, english: str, persian: str) -> None:
    facts = {"amount": amount}

    assert english in write(NoticeKind.TRANSFER_RECEIVED, "en", facts, None, FRONTEND).subject
    assert persian in write(NoticeKind.TRANSFER_RECEIVED, "fa", facts, None, FRONTEND).subject


def test_every_fact_of_a_step_is_one_that_somebody_reads() -> None:
    """A misspelt name would be stored and never said."""
    for notice in (*notices.of_loans(), *notices.of_money()):
        wording = ENGLISH[notice.kind]
        said = names((wording.subject, *wording.lines, *wording.short))
        assert set(notice.facts) - {"payment_id"} <= said, notice
        for name in notice.facts.keys() & (AMOUNTS | INSTANTS):
            assert re.fullmatch(r"[0-9]+(\.[0-9]{2})?|2[0-9-]+T[0-9:]+Z", notice.facts[name])


def test_a_fact_that_is_missing_leaves_a_gap_and_one_too_many_does_no_harm() -> None:
    letter = write(NoticeKind.ROLE_CHANGED, "en", {"other": "x"}, None, FRONTEND)

    assert "role “…”" in letter.text


def test_a_sentence_whose_fact_is_not_known_is_not_said() -> None:
    letter = write(NoticeKind.TICKET_ENDED, "en", {"title": "Canon"}, None, FRONTEND)

    assert letter.lines == ("The loan of “Canon” has ended.",)
    assert letter.short == "The loan of “Canon” has ended."


def test_facts_are_text_and_neither_markup_nor_a_form() -> None:
    letter = write(NoticeKind.ROLE_CHANGED, "en", {"role": "<b>{code}</b>"}, None, FRONTEND)

    assert "“<b>{code}</b>”" in letter.text
    assert "“&lt;b&gt;{code}&lt;/b&gt;”" in letter.html
    titled = write(NoticeKind.TICKET_ENDED, "fa", {"title": "</title><script>"}, None, FRONTEND)
    assert "<script" not in titled.html


def test_what_somebody_wrote_is_one_line_that_steers_nothing() -> None:
    title = "Canon\r\nBcc: all@example.com \u202eevil\u2069 نیم\u200cفاصله\x07 " + "x" * 100

    letter = write(NoticeKind.TICKET_ENDED, "fa", {"title": title}, None, FRONTEND)

    assert "Canon Bcc: all@example.com evil نیم\u200cفاصله x" in letter.subject
    assert not {"\r", "\n", "\u202e", "\x07"} & set(letter.subject)
    assert letter.text.count(APART) == letter.text.count(TOGETHER)
    assert len(letter.subject) < 100


def test_a_language_we_do_not_speak_is_answered_in_english() -> None:
    assert Language.of("de-DE") is Language.ENGLISH
    assert Language.of("fa-IR") is Language.PERSIAN


def test_what_has_a_secret_is_not_sent_long_after_it_was_asked_for() -> None:
    assert worth_sending(NoticeKind.PHONE_CODE) <= WITH_SECRET[NoticeKind.PHONE_CODE]
    assert worth_sending(NoticeKind.PASSWORD_RESET) < worth_sending(NoticeKind.SESSION_STOLEN)
