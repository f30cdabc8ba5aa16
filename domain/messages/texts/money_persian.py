"""What messages about a wallet say in Persian."""

from collections.abc import Mapping
from typing import Final

from domain.messages.notice import NoticeKind
from domain.messages.texts.account_persian import NOT_YOU
from domain.messages.wording import IfKnown, Wording

_WALLET: Final = "دیدن کیف پول"
_PAYMENT: Final = "دیدن پرداخت"
_REFERENCE: Final = IfKnown("شمارهٔ پیگیری بانک: {bank_reference}")

WORDINGS: Final[Mapping[NoticeKind, Wording]] = {
    NoticeKind.PAYMENT_PAID: Wording(
        "پرداخت شما رسید",
        (
            "{amount} به کیف پول شما واریز شد.",
            IfKnown("{outcome}"),
            IfKnown("شمارهٔ پیگیری بانک: {ref_id}"),
        ),
        ("پرداخت شما رسید: {amount} به کیف پول شما واریز شد.",),
        _PAYMENT,
    ),
    NoticeKind.PAYMENT_FAILED: Wording(
        "پرداخت شما نرسید",
        (
            "پرداخت {amount} {reason}.",
            (
                "اگر بانک این مبلغ را از حساب شما برداشته باشد، خودبه‌خود به کیف پول شما می‌رسد یا "
                "به حساب بانکی‌تان برمی‌گردد."
            ),
        ),
        ("پرداخت {amount} {reason}.",),
        _PAYMENT,
    ),
    NoticeKind.TRANSFER_RECEIVED: Wording(
        "{amount} دریافت کردید",
        (
            "کاربر دیگری {amount} به کیف پول شما فرستاد.",
            "شرح آن در صفحهٔ کیف پول شماست.",
        ),
        ("کاربر دیگری {amount} به کیف پول شما فرستاد.",),
        _WALLET,
    ),
    NoticeKind.WITHDRAWAL_ASKED: Wording(
        "درخواست برداشت {amount}",
        (
            (
                "شما خواسته‌اید {amount} به حساب بانکی شما که به {iban_end} ختم می‌شود واریز شود. "
                "پشتیبانی ما نخست آن را بررسی می‌کند."
            ),
            NOT_YOU,
        ),
        ("برداشت {amount} به حساب بانکی با پایان {iban_end} درخواست شد.",),
        _WALLET,
    ),
    NoticeKind.WITHDRAWAL_PAID: Wording(
        "برداشت شما پرداخت شد",
        (
            "{amount} به حساب بانکی شما که به {iban_end} ختم می‌شود واریز شد.",
            _REFERENCE,
        ),
        ("{amount} به حساب بانکی شما که به {iban_end} ختم می‌شود واریز شد.",),
        _WALLET,
    ),
    NoticeKind.WITHDRAWAL_RETURNED: Wording(
        "مبلغ برداشت به کیف پول شما برگشت",
        (
            "{amount} به کیف پول شما برگشت: {reason}.",
            "این مبلغ برای حساب بانکی‌ای بود که به {iban_end} ختم می‌شود.",
        ),
        ("{amount} به کیف پول شما برگشت: {reason}.",),
        _WALLET,
    ),
}

PHRASES: Final[Mapping[str, Mapping[str, str]]] = {
    "reason": {
        "payment_expired": "به‌موقع انجام نشد",
        "payment_failed": "ناموفق بود",
        "withdrawal_rejected": "پشتیبانی ما برداشت را تأیید نکرد",
        "withdrawal_failed": "بانک نتوانست آن را بپذیرد",
    },
    "outcome": {
        "goes_on": "این مبلغ خودبه‌خود صرف اجارهٔ «{title}» می‌شود.",
        "kept": "اجارهٔ «{title}» با آن پرداخت نشد، پس پول در کیف پول شما می‌ماند.",
    },
}
