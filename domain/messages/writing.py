"""What each kind of message says to its reader: words, the facts in them, and where they lead."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from domain.messages.direction import plain
from domain.messages.letter import Language, Letter
from domain.messages.notice import SECURITY, NoticeKind
from domain.messages.spoken import said
from domain.messages.texts import (
    account_english,
    account_persian,
    loans_english,
    loans_persian,
    money_english,
    money_persian,
)
from domain.messages.wording import Phrases, Wording, filled

ENGLISH: Final[Mapping[NoticeKind, Wording]] = {
    **account_english.WORDINGS,
    **loans_english.WORDINGS,
    **money_english.WORDINGS,
}
PERSIAN: Final[Mapping[NoticeKind, Wording]] = {
    **account_persian.WORDINGS,
    **loans_persian.WORDINGS,
    **money_persian.WORDINGS,
}


def _joined(*several: Phrases) -> Phrases:
    names = {name for phrases in several for name in phrases}
    return {
        name: {code: words for one in several for code, words in one.get(name, {}).items()}
        for name in names
    }


@dataclass(frozen=True)
class _Tongue:
    """Attributes.

    phrases: What facts with a code mean.
    why: Why somebody gets a message that they may switch off.
    why_always: Likewise for one that they may not.
    """

    wordings: Mapping[NoticeKind, Wording]
    phrases: Phrases
    why: str
    why_always: str


TONGUES: Final[Mapping[Language, _Tongue]] = {
    Language.ENGLISH: _Tongue(
        ENGLISH,
        _joined(loans_english.PHRASES, money_english.PHRASES),
        "You get this because it is about your loans or your money. Which messages you get, and "
        "how, is up to you: see your settings.",
        "You get this because it is about the safety of your account, so it is sent always.",
    ),
    Language.PERSIAN: _Tongue(
        PERSIAN,
        _joined(loans_persian.PHRASES, money_persian.PHRASES),
        "این پیام دربارهٔ اجاره‌ها یا پول شماست. در تنظیمات خود می‌توانید برگزینید که کدام پیام‌ها "
        "و از چه راهی به شما برسند.",
        "این پیام دربارهٔ امنیت حساب شماست و همیشه فرستاده می‌شود.",
    ),
}
_LOAN, _PAYMENT, _WALLET = "/tickets/{ticket_id}", "/payments/{payment_id}", "/wallet"
# Pages of the frontend. The secret, where there is one, is added.
PAGES: Final[Mapping[NoticeKind, str]] = {
    NoticeKind.EMAIL_VERIFICATION: "/verify-email",
    NoticeKind.PASSWORD_RESET: "/reset-password",
    **dict.fromkeys(loans_english.WORDINGS, _LOAN),
    NoticeKind.PAYMENT_PAID: _PAYMENT,
    NoticeKind.PAYMENT_FAILED: _PAYMENT,
    NoticeKind.TRANSFER_RECEIVED: _WALLET,
    NoticeKind.WITHDRAWAL_ASKED: _WALLET,
    NoticeKind.WITHDRAWAL_PAID: _WALLET,
    NoticeKind.WITHDRAWAL_RETURNED: _WALLET,
}


def write(
    kind: NoticeKind,
    locale: str,
    facts: Mapping[str, str],
    secret: str | None,
    frontend: str,
    ticket_id: UUID | None = None,
) -> Letter:
    """Write a message for a reader.

    Args:
        kind: What it is about.
        locale: The reader's, such as `fa` or `en-GB`.
        facts: What the text says, as it is stored.
        secret: The token of its link, or its code; None for most kinds.
        frontend: Where its links lead: an origin from the settings, without a slash at the end.
        ticket_id: The loan that it is about.
    """
    language = Language.of(locale)
    tongue = TONGUES[language]
    wording = tongue.wordings[kind]
    known = {**facts, "code": secret} if secret and kind not in PAGES else facts
    full = said(known, language, tongue.phrases)
    brief = said(known, language, tongue.phrases, brief=True)
    link = None
    if wording.link is not None:
        page = PAGES[kind].format(ticket_id=ticket_id, payment_id=facts.get("payment_id"))
        query = f"?{urlencode({'token': secret})}" if secret else ""
        link = (wording.link, f"{frontend}{page}{query}")
    return Letter(
        language,
        " ".join(filled((wording.subject,), full)),
        tuple(filled(wording.lines, full)),
        link,
        short=plain(" ".join(filled(wording.short, brief))),
        why=tongue.why_always if kind in SECURITY else tongue.why,
    )
