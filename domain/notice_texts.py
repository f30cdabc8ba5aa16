"""What each kind of message says, in Persian and English. All words that people are sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from domain.letter import Language, Letter
from domain.notice import NoticeKind


@dataclass(frozen=True)
class Wording:
    """Words with `{facts}` in them.

    Attributes:
        link: The words for a link, where there is one.
    """

    subject: str
    lines: tuple[str, ...]
    link: str | None = None


class _Facts(dict[str, str]):
    """A fact that nobody gave leaves a gap in the text, and does not keep it from being sent."""

    def __missing__(self, name: str) -> str:
        return "…"


# Pages of the frontend, to which the secret is added.
PAGES: Final[Mapping[NoticeKind, str]] = {
    NoticeKind.EMAIL_VERIFICATION: "/verify-email",
    NoticeKind.PASSWORD_RESET: "/reset-password",
}
_NOT_YOU_EN: Final = "If it was not you, reset your password at once and tell our support."
_NOT_YOU_FA: Final = (
    "اگر شما این کار را نکرده‌اید، همین حالا گذرواژهٔ خود را بازنشانی کنید و به پشتیبانی خبر دهید."
)

ENGLISH: Final[Mapping[NoticeKind, Wording]] = {
    NoticeKind.EMAIL_VERIFICATION: Wording(
        "Confirm your e-mail address",
        (
            (
                "Somebody opened an account with this e-mail address. If it was you, confirm the "
                "address with the link below. It works once, for 24 hours."
            ),
            "If it was not you, there is nothing you need to do.",
        ),
        "Confirm this address",
    ),
    NoticeKind.PASSWORD_RESET: Wording(
        "Choose a new password",
        (
            (
                "You asked for a new password. Choose one with the link below. It works once, for "
                "30 minutes, and ends all logins of your account."
            ),
            "If it was not you, ignore this message: your password stays as it is.",
        ),
        "Choose a new password",
    ),
    NoticeKind.PHONE_CODE: Wording(
        "Your code",
        ("Your code: {code}", "It works for 10 minutes. Tell it to nobody, not even to us."),
    ),
    NoticeKind.PASSWORD_CHANGED: Wording(
        "Your password was changed",
        ("The password of your account was changed, and other logins have ended.", _NOT_YOU_EN),
    ),
    NoticeKind.SESSION_STOLEN: Wording(
        "A login of your account was ended",
        (
            (
                "A key of one of your logins was used twice, which happens when somebody has "
                "copied it. We ended that login."
            ),
            "Log in again, and change your password if you see logins that you do not know.",
        ),
    ),
    NoticeKind.IDENTITY_LINKED: Wording(
        "A way to log in was added",
        ("One can now log in to your account with {provider}.", _NOT_YOU_EN),
    ),
    NoticeKind.IDENTITY_UNLINKED: Wording(
        "A way to log in was removed",
        ("One can no longer log in to your account with {provider}.", _NOT_YOU_EN),
    ),
    NoticeKind.ROLE_CHANGED: Wording(
        "Your role was changed",
        ("Your account has the role “{role}” now. Log in again to go on.",),
    ),
    NoticeKind.ACCOUNT_LOCKED: Wording(
        "Many logins failed",
        (
            (
                "Many attempts to log in to your account have failed, so new ones have to wait for "
                "a while. Your account and your money are untouched."
            ),
            "If it was not you, a long password that you use nowhere else is enough.",
        ),
    ),
}

PERSIAN: Final[Mapping[NoticeKind, Wording]] = {
    NoticeKind.EMAIL_VERIFICATION: Wording(
        "نشانی ایمیل خود را تأیید کنید",
        (
            (
                "با این نشانی ایمیل حسابی باز شده است. اگر شما بوده‌اید، نشانی را با پیوند زیر "
                "تأیید کنید. این پیوند یک بار و تا ۲۴ ساعت کار می‌کند."
            ),
            "اگر شما نبوده‌اید، نیازی به هیچ کاری نیست.",
        ),
        "تأیید این نشانی",
    ),
    NoticeKind.PASSWORD_RESET: Wording(
        "گذرواژهٔ تازه‌ای انتخاب کنید",
        (
            (
                "شما گذرواژهٔ تازه خواسته‌اید. آن را با پیوند زیر انتخاب کنید. این پیوند یک بار و تا "
                "۳۰ دقیقه کار می‌کند و شما را از همهٔ دستگاه‌ها خارج می‌کند."
            ),
            "اگر شما نبوده‌اید، این پیام را نادیده بگیرید: گذرواژهٔ شما همان می‌ماند.",
        ),
        "انتخاب گذرواژهٔ تازه",
    ),
    NoticeKind.PHONE_CODE: Wording(
        "کد شما",
        ("کد شما: {code}", "تا ۱۰ دقیقه معتبر است. آن را به هیچ‌کس نگویید، حتی به ما."),
    ),
    NoticeKind.PASSWORD_CHANGED: Wording(
        "گذرواژهٔ شما تغییر کرد",
        ("گذرواژهٔ حساب شما تغییر کرد و ورودهای دیگر پایان یافت.", _NOT_YOU_FA),
    ),
    NoticeKind.SESSION_STOLEN: Wording(
        "یکی از ورودهای حساب شما پایان یافت",
        (
            (
                "کلید یکی از ورودهای شما دو بار به کار رفت و این وقتی پیش می‌آید که کسی آن را "
                "رونوشت کرده باشد. ما آن ورود را پایان دادیم."
            ),
            "دوباره وارد شوید و اگر ورود ناشناسی می‌بینید گذرواژهٔ خود را عوض کنید.",
        ),
    ),
    NoticeKind.IDENTITY_LINKED: Wording(
        "راه تازه‌ای برای ورود افزوده شد",
        ("از این پس با {provider} هم می‌توان وارد حساب شما شد.", _NOT_YOU_FA),
    ),
    NoticeKind.IDENTITY_UNLINKED: Wording(
        "یکی از راه‌های ورود برداشته شد",
        ("دیگر با {provider} نمی‌توان وارد حساب شما شد.", _NOT_YOU_FA),
    ),
    NoticeKind.ROLE_CHANGED: Wording(
        "نقش شما تغییر کرد",
        ("نقش حساب شما اکنون «{role}» است. برای ادامه دوباره وارد شوید.",),
    ),
    NoticeKind.ACCOUNT_LOCKED: Wording(
        "ورودهای ناموفق بسیار",
        (
            (
                "تلاش‌های بسیاری برای ورود به حساب شما ناموفق بوده است و تلاش‌های تازه باید مدتی صبر "
                "کنند. حساب و پول شما دست‌نخورده است."
            ),
            "اگر شما نبوده‌اید، گذرواژه‌ای بلند که جای دیگری به کار نرفته باشد کافی است.",
        ),
    ),
}
_WORDINGS: Final = {Language.ENGLISH: ENGLISH, Language.PERSIAN: PERSIAN}


def write(
    kind: NoticeKind, locale: str, facts: Mapping[str, str], secret: str | None, frontend: str
) -> Letter:
    """Write a message for a reader.

    Args:
        kind: What it is about.
        locale: The reader's, such as `fa` or `en-GB`.
        facts: What the text says.
        secret: The token of its link, or its code; None for most kinds.
        frontend: Where its links lead: an origin from the settings, without a slash at the end.
    """
    language = Language.of(locale)
    wording = _WORDINGS[language][kind]
    known = _Facts(facts)
    link = None
    if secret is not None and wording.link is not None:
        link = (wording.link, f"{frontend}{PAGES[kind]}?{urlencode({'token': secret})}")
    elif secret is not None:
        known["code"] = secret
    return Letter(
        language,
        wording.subject,
        tuple(line.format_map(known) for line in wording.lines),
        link,
    )
