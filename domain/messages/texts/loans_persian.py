"""What messages about loans say in Persian."""

from collections.abc import Mapping
from typing import Final

from domain.messages.notice import NoticeKind
from domain.messages.wording import IfKnown, Wording

_RECEIVED: Final = IfKnown("{amount} به کیف پول شما واریز شد.")
_LINK: Final = "دیدن اجاره"

WORDINGS: Final[Mapping[NoticeKind, Wording]] = {
    NoticeKind.TICKET_REQUESTED: Wording(
        "درخواست اجارهٔ «{title}»",
        (
            "کسی می‌خواهد «{title}» را از {starts_at} تا {ends_at} اجاره کند.",
            IfKnown("اجاره‌بها {fee} است."),
            (
                "لطفاً تا {deadline_at} درخواست را بپذیرید یا رد کنید. اگر پاسخی ندهید، "
                "درخواست لغو می‌شود."
            ),
        ),
        ("درخواست اجارهٔ «{title}».", "لطفاً تا {deadline_at} پاسخ دهید."),
        "پاسخ به درخواست",
    ),
    NoticeKind.TICKET_ACCEPTED: Wording(
        "درخواست شما برای «{title}» پذیرفته شد",
        (
            "صاحب «{title}» آن را از {starts_at} تا {ends_at} برای شما نگه می‌دارد.",
            "لطفاً تا {deadline_at} مبلغ {total} را بپردازید، وگرنه اجاره لغو می‌شود.",
            IfKnown("{deposit} از این مبلغ ودیعه است که پس از پایان اجاره به شما برمی‌گردد."),
        ),
        (
            "درخواست شما برای «{title}» پذیرفته شد.",
            "لطفاً تا {deadline_at} مبلغ {total} را بپردازید.",
        ),
        "پرداخت",
    ),
    NoticeKind.TICKET_DECLINED: Wording(
        "درخواست شما برای «{title}» رد شد",
        (
            "صاحب «{title}» درخواست شما برای {starts_at} را نپذیرفت.",
            "مبلغی از کیف پول شما برداشته نشده است.",
        ),
        ("درخواست شما برای «{title}» رد شد.", "مبلغی از کیف پول شما برداشته نشده است."),
        _LINK,
    ),
    NoticeKind.TICKET_CANCELLED: Wording(
        "اجارهٔ «{title}» لغو شد",
        ("اجارهٔ «{title}» انجام نمی‌شود: {reason}.", _RECEIVED),
        ("اجارهٔ «{title}» لغو شد: {reason}.",),
        _LINK,
    ),
    NoticeKind.TICKET_PAID: Wording(
        "مبلغ اجارهٔ «{title}» پرداخت شد",
        (
            (
                "اجاره‌گیرنده {amount} برای «{title}» پرداخت کرد. این مبلغ تا پایان اجاره "
                "نزد ما می‌ماند."
            ),
            IfKnown(
                "لطفاً آن را در {starts_at} تحویل دهید. اگر اجاره‌گیرنده تا {deadline_at} تحویل را "
                "تأیید نکند، اجاره لغو می‌شود و پول برمی‌گردد."
            ),
            IfKnown("اجاره آغاز شده است و تا {ends_at} ادامه دارد."),
        ),
        ("{amount} برای اجارهٔ «{title}» پرداخت شد.", "این مبلغ تا پایان اجاره نزد ما می‌ماند."),
        _LINK,
    ),
    NoticeKind.TICKET_HANDED_OVER: Wording(
        "اجارهٔ «{title}» آغاز شد",
        ("اجارهٔ «{title}» آغاز شد.", "زمان بازگرداندن آن {ends_at} است."),
        ("اجارهٔ «{title}» آغاز شد.", "زمان بازگرداندن آن {ends_at} است."),
        _LINK,
    ),
    NoticeKind.TICKET_ENDING: Wording(
        "زمان بازگرداندن «{title}» نزدیک است",
        (
            "اجارهٔ «{title}» در {ends_at} پایان می‌یابد.",
            "لطفاً تا آن زمان آن را برگردانید یا درخواست تمدید کنید.",
        ),
        ("اجارهٔ «{title}» در {ends_at} پایان می‌یابد.", "لطفاً به‌موقع آن را برگردانید."),
        _LINK,
    ),
    NoticeKind.TICKET_ENDED: Wording(
        "اجارهٔ «{title}» پایان یافت",
        ("اجارهٔ «{title}» پایان یافت.", IfKnown("{outcome}"), _RECEIVED),
        ("اجارهٔ «{title}» پایان یافت.", _RECEIVED),
        _LINK,
    ),
    NoticeKind.EXTENSION_ASKED: Wording(
        "درخواست تمدید اجارهٔ «{title}»",
        (
            "اجاره‌گیرنده می‌خواهد «{title}» را تا {ends_at} نگه دارد.",
            IfKnown("اجاره‌بهای این تمدید {fee} است."),
            (
                "لطفاً تا {deadline_at} پاسخ دهید. اگر پاسخی ندهید، اجاره در همان زمانی که "
                "قرار بود پایان می‌یابد."
            ),
        ),
        (
            "درخواست تمدید اجارهٔ «{title}» تا {ends_at}.",
            "لطفاً تا {deadline_at} پاسخ دهید.",
        ),
        "پاسخ به درخواست",
    ),
    NoticeKind.EXTENSION_ANSWERED: Wording(
        "درخواست تمدید شما {answer}",
        (
            "درخواست شما برای تمدید اجارهٔ «{title}» {answer}.",
            IfKnown("اجاره‌بهای تمدید، {fee}، از کیف پول شما برداشته شد."),
            "اجاره در {ends_at} پایان می‌یابد.",
        ),
        ("درخواست تمدید اجارهٔ «{title}» {answer}.", "پایان اجاره: {ends_at}."),
        _LINK,
    ),
    NoticeKind.DISPUTE_OPENED: Wording(
        "اختلاف دربارهٔ اجارهٔ «{title}»",
        (
            (
                "طرف دیگر اجارهٔ «{title}» اختلافی ثبت کرده و {claim} از مبلغی را که نزد ماست "
                "مطالبه می‌کند."
            ),
            (
                "لطفاً تا {deadline_at} این مطالبه را بپذیرید یا رد کنید. اگر پاسخی ندهید، "
                "پذیرفته‌شده به شمار می‌آید."
            ),
        ),
        (
            "در اختلاف «{title}» {claim} مطالبه شده است.",
            "تا {deadline_at} پاسخ دهید، وگرنه پذیرفته‌شده است.",
        ),
        "پاسخ به مطالبه",
    ),
    NoticeKind.DISPUTE_ANSWERED: Wording(
        "مطالبهٔ شما دربارهٔ «{title}»",
        ("مطالبهٔ شما دربارهٔ «{title}» {answer}.", _RECEIVED),
        ("مطالبهٔ شما دربارهٔ «{title}» {answer}.", _RECEIVED),
        _LINK,
    ),
    NoticeKind.DISPUTE_RESOLVED: Wording(
        "دربارهٔ اختلاف «{title}» تصمیم گرفته شد",
        (
            (
                "پشتیبانی ما تصمیم گرفت که از مبلغ اجارهٔ «{title}» {to_lender} به صاحب آن و "
                "{to_borrower} به اجاره‌گیرنده برسد."
            ),
            "اجاره پایان یافت و پول در کیف پول‌هاست.",
        ),
        (
            "تصمیم دربارهٔ اختلاف «{title}»:",
            "{to_lender} برای صاحب آن و {to_borrower} برای اجاره‌گیرنده.",
        ),
        _LINK,
    ),
}

PHRASES: Final[Mapping[str, Mapping[str, str]]] = {
    "reason": {
        "borrower_withdrew": "اجاره‌گیرنده انصراف داد",
        "lender_withdrew": "صاحب آن انصراف داد",
        "not_answered": "به درخواست به‌موقع پاسخ داده نشد",
        "not_paid": "مبلغ آن به‌موقع پرداخت نشد",
        "not_handed_over": "تحویل آن به‌موقع تأیید نشد",
        "asset_taken": "درخواست دیگری برای همان زمان پذیرفته شد",
    },
    "answer": {
        "accepted": "پذیرفته شد",
        "declined": "رد شد",
        "lapsed": "بی‌پاسخ ماند",
        "claim_accepted": "پذیرفته شد",
        "claim_lapsed": "بی‌پاسخ ماند و پذیرفته‌شده به شمار می‌آید",
        "claim_contested": "رد شد و پشتیبانی ما دربارهٔ آن تصمیم می‌گیرد",
    },
    "outcome": {
        "return_assumed": "بازگشت آن به‌موقع تأیید نشد، پس اجاره خودبه‌خود پایان یافت.",
        "claim_accepted": "مطالبه پذیرفته شد.",
        "claim_lapsed": "به مطالبه به‌موقع پاسخ داده نشد، پس پذیرفته‌شده به شمار می‌آید.",
    },
}
