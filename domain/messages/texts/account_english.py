"""What messages about an account say in English."""

from collections.abc import Mapping
from typing import Final

from domain.messages.notice import NoticeKind
from domain.messages.wording import Wording

NOT_YOU: Final = "If it was not you, reset your password at once and tell our support."

WORDINGS: Final[Mapping[NoticeKind, Wording]] = {
    NoticeKind.EMAIL_VERIFICATION: Wording(
        "Confirm your e-mail address",
        (
            (
                "Somebody opened an account with this e-mail address. If it was you, confirm the "
                "address with the link below. It works once, for 24 hours."
            ),
            "If it was not you, there is nothing you need to do.",
        ),
        link="Confirm this address",
        short=("Confirm your e-mail address with the link that we sent to it.",),
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
        link="Choose a new password",
        short=("Choose a new password with the link that we sent to your e-mail address.",),
    ),
    NoticeKind.PHONE_CODE: Wording(
        "Your code",
        ("Your code: {code}", "It works for 10 minutes. Tell it to nobody, not even to us."),
        short=("{code} is your code. It works for 10 minutes. Tell it to nobody, not even to us.",),
    ),
    NoticeKind.PASSWORD_CHANGED: Wording(
        "Your password was changed",
        ("The password of your account was changed, and other logins have ended.", NOT_YOU),
        short=("The password of your account was changed. If it was not you, reset it at once.",),
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
        short=("We ended a login of your account: somebody may have copied its key.",),
    ),
    NoticeKind.IDENTITY_LINKED: Wording(
        "A way to log in was added",
        ("One can now log in to your account with {provider}.", NOT_YOU),
        short=(
            "One can now log in to your account with {provider}.",
            "If it was not you, reset your password at once.",
        ),
    ),
    NoticeKind.IDENTITY_UNLINKED: Wording(
        "A way to log in was removed",
        ("One can no longer log in to your account with {provider}.", NOT_YOU),
        short=("One can no longer log in to your account with {provider}.",),
    ),
    NoticeKind.ROLE_CHANGED: Wording(
        "Your role was changed",
        ("Your account has the role “{role}” now. Log in again to go on.",),
        short=("Your account has the role “{role}” now.",),
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
        short=(
            "Many attempts to log in to your account have failed.",
            "Your account and your money are untouched.",
        ),
    ),
}
