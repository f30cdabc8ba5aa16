"""Every kind of message has words in both languages, and a link where there is a secret."""

import itertools
import string

import pytest

from domain.letter import Language
from domain.notice import WITH_SECRET, NoticeKind, worth_sending
from domain.notice_texts import ENGLISH, PAGES, PERSIAN, write

FACTS = {"provider": "Google", "role": "operator"}
FRONTEND = "https://app.example.com"
TOKEN = "kX9-_aB"
ALL = list(itertools.product(sorted(NoticeKind), ("fa", "fa-IR", "en", "en-GB", "de")))


@pytest.mark.parametrize(("kind", "locale"), ALL)
def test_each_kind_can_be_written(kind: NoticeKind, locale: str) -> None:
    secret = TOKEN if kind in WITH_SECRET else None

    letter = write(kind, locale, FACTS, secret, FRONTEND)

    assert letter.subject
    assert "…" not in letter.text
    assert "{" not in letter.text
    is_persian = locale.startswith("fa")
    assert is_persian == any("\u0600" <= sign <= "\u06ff" for sign in letter.text)
    assert f'dir="{"rtl" if is_persian else "ltr"}"' in letter.html
    assert (TOKEN in letter.text) == (kind in WITH_SECRET)
    if kind in PAGES:
        assert f"{FRONTEND}{PAGES[kind]}?token={TOKEN}" in letter.text
        assert f'href="{FRONTEND}{PAGES[kind]}?token={TOKEN}"' in letter.html


def test_both_languages_say_the_same_facts_of_every_kind() -> None:
    assert set(ENGLISH) == set(PERSIAN) == set(NoticeKind)
    for kind in NoticeKind:
        assert facts_of(ENGLISH[kind].lines) == facts_of(PERSIAN[kind].lines)
        assert (ENGLISH[kind].link is None) == (PERSIAN[kind].link is None) == (kind not in PAGES)


def facts_of(lines: tuple[str, ...]) -> set[str]:
    parsed = itertools.chain.from_iterable(string.Formatter().parse(line) for line in lines)
    return {name for _, name, _, _ in parsed if name}


def test_a_fact_that_is_missing_leaves_a_gap_and_one_too_many_does_no_harm() -> None:
    letter = write(NoticeKind.ROLE_CHANGED, "en", {"other": "x"}, None, FRONTEND)

    assert "role “…”" in letter.text


def test_facts_are_text_and_neither_markup_nor_a_form() -> None:
    letter = write(NoticeKind.ROLE_CHANGED, "en", {"role": "<b>{code}</b>"}, None, FRONTEND)

    assert "“<b>{code}</b>”" in letter.text
    assert "“&lt;b&gt;{code}&lt;/b&gt;”" in letter.html


def test_a_language_we_do_not_speak_is_answered_in_english() -> None:
    assert Language.of("de-DE") is Language.ENGLISH
    assert Language.of("fa-IR") is Language.PERSIAN


def test_what_has_a_secret_is_not_sent_long_after_it_was_asked_for() -> None:
    assert worth_sending(NoticeKind.PHONE_CODE) <= WITH_SECRET[NoticeKind.PHONE_CODE]
    assert worth_sending(NoticeKind.PASSWORD_RESET) < worth_sending(NoticeKind.SESSION_STOLEN)
