"""What messages about loans say in English."""

from collections.abc import Mapping
from typing import Final

from domain.messages.notice import NoticeKind
from domain.messages.wording import IfKnown, Wording

_RECEIVED: Final = IfKnown("{amount} went to your wallet.")
_LINK: Final = "See the loan"

WORDINGS: Final[Mapping[NoticeKind, Wording]] = {
    NoticeKind.TICKET_REQUESTED: Wording(
        "A request for “{title}”",
        (
            "Somebody would like to borrow “{title}” from {starts_at} to {ends_at}.",
            IfKnown("The fee is {fee}."),
            "Please accept or decline by {deadline_at}. Unanswered, the request is cancelled.",
        ),
        ("A request for “{title}”.", "Please answer by {deadline_at}."),
        "Answer the request",
    ),
    NoticeKind.TICKET_ACCEPTED: Wording(
        "Your request for “{title}” was accepted",
        (
            "The lender keeps “{title}” for you from {starts_at} to {ends_at}.",
            "Please pay {total} by {deadline_at}; otherwise the loan is cancelled.",
            IfKnown("{deposit} of it is the deposit, which you get back when the loan has ended."),
        ),
        ("Your request for “{title}” was accepted.", "Please pay {total} by {deadline_at}."),
        "Pay for the loan",
    ),
    NoticeKind.TICKET_DECLINED: Wording(
        "Your request for “{title}” was declined",
        (
            "The lender has declined your request for “{title}” from {starts_at}.",
            "Nothing was taken from your wallet.",
        ),
        ("Your request for “{title}” was declined.", "Nothing was taken from your wallet."),
        _LINK,
    ),
    NoticeKind.TICKET_CANCELLED: Wording(
        "The loan of “{title}” was cancelled",
        ("The loan of “{title}” does not take place: {reason}.", _RECEIVED),
        ("The loan of “{title}” was cancelled: {reason}.",),
        _LINK,
    ),
    NoticeKind.TICKET_PAID: Wording(
        "“{title}” was paid for",
        (
            "The borrower has paid {amount} for “{title}”. We hold it until the loan has ended.",
            IfKnown(
                "Please hand it over on {starts_at}. If the borrower does not confirm that by "
                "{deadline_at}, the loan is cancelled and the money goes back."
            ),
            IfKnown("The loan has begun, and lasts until {ends_at}."),
        ),
        ("The borrower has paid {amount} for “{title}”.", "We hold it until the loan has ended."),
        _LINK,
    ),
    NoticeKind.TICKET_HANDED_OVER: Wording(
        "The loan of “{title}” has begun",
        ("The loan of “{title}” has begun.", "It has to be returned by {ends_at}."),
        ("The loan of “{title}” has begun.", "It has to be returned by {ends_at}."),
        _LINK,
    ),
    NoticeKind.TICKET_ENDING: Wording(
        "“{title}” is due back soon",
        (
            "Your loan of “{title}” ends on {ends_at}.",
            "Please return it by then, or ask the lender for more time.",
        ),
        ("Your loan of “{title}” ends on {ends_at}.", "Please return it in time."),
        _LINK,
    ),
    NoticeKind.TICKET_ENDED: Wording(
        "The loan of “{title}” has ended",
        ("The loan of “{title}” has ended.", IfKnown("{outcome}"), _RECEIVED),
        ("The loan of “{title}” has ended.", _RECEIVED),
        _LINK,
    ),
    NoticeKind.EXTENSION_ASKED: Wording(
        "More time for “{title}”?",
        (
            "The borrower would like to keep “{title}” until {ends_at}.",
            IfKnown("The extra fee is {fee}."),
            "Please answer by {deadline_at}. Unanswered, the loan ends as agreed.",
        ),
        (
            "The borrower would like to keep “{title}” until {ends_at}.",
            "Please answer by {deadline_at}.",
        ),
        "Answer the request",
    ),
    NoticeKind.EXTENSION_ANSWERED: Wording(
        "Your request for more time {answer}",
        (
            "Your request to keep “{title}” for longer {answer}.",
            IfKnown("The extra fee of {fee} was taken from your wallet."),
            "The loan ends on {ends_at}.",
        ),
        ("Your request to keep “{title}” for longer {answer}.", "It ends on {ends_at}."),
        _LINK,
    ),
    NoticeKind.DISPUTE_OPENED: Wording(
        "A dispute about “{title}”",
        (
            (
                "The other party of the loan of “{title}” has opened a dispute, and claims {claim} "
                "of the money that we hold."
            ),
            "Please accept or contest that by {deadline_at}. Unanswered, it counts as accepted.",
        ),
        (
            "A dispute about “{title}”: {claim} is claimed.",
            "Please answer by {deadline_at}, or it counts as accepted.",
        ),
        "Answer the claim",
    ),
    NoticeKind.DISPUTE_ANSWERED: Wording(
        "Your claim about “{title}”",
        ("Your claim about “{title}” {answer}.", _RECEIVED),
        ("Your claim about “{title}” {answer}.", _RECEIVED),
        _LINK,
    ),
    NoticeKind.DISPUTE_RESOLVED: Wording(
        "The dispute about “{title}” was decided",
        (
            "Our support has decided: {to_lender} to the lender, {to_borrower} to the borrower.",
            "The loan of “{title}” has ended, and the money is in the wallets.",
        ),
        (
            "The dispute about “{title}” was decided:",
            "{to_lender} to the lender, {to_borrower} to the borrower.",
        ),
        _LINK,
    ),
}

PHRASES: Final[Mapping[str, Mapping[str, str]]] = {
    "reason": {
        "borrower_withdrew": "the borrower withdrew",
        "lender_withdrew": "the lender withdrew",
        "not_answered": "the request was not answered in time",
        "not_paid": "it was not paid in time",
        "not_handed_over": "its hand-over was not confirmed in time",
        "asset_taken": "another request for that time was accepted",
    },
    "answer": {
        "accepted": "was accepted",
        "declined": "was declined",
        "lapsed": "was not answered in time",
        "claim_accepted": "was accepted",
        "claim_lapsed": "was not answered in time, so it counts as accepted",
        "claim_contested": "was contested, so our support will decide",
    },
    "outcome": {
        "return_assumed": "Its return was not confirmed in time, so it ended by itself.",
        "claim_accepted": "The claim was accepted.",
        "claim_lapsed": "The claim was not answered in time, so it counts as accepted.",
    },
}
