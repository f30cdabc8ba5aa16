"""What messages about a wallet say in English."""

from collections.abc import Mapping
from typing import Final

from domain.messages.notice import NoticeKind
from domain.messages.texts.account_english import NOT_YOU
from domain.messages.wording import IfKnown, Wording

_WALLET: Final = "See the wallet"
_PAYMENT: Final = "See the payment"
_REFERENCE: Final = IfKnown("The bank's reference is {bank_reference}.")

WORDINGS: Final[Mapping[NoticeKind, Wording]] = {
    NoticeKind.PAYMENT_PAID: Wording(
        "Your payment has arrived",
        (
            "{amount} went to your wallet.",
            IfKnown("{outcome}"),
            IfKnown("The bank's reference is {ref_id}."),
        ),
        ("Your payment of {amount} has arrived in your wallet.",),
        _PAYMENT,
    ),
    NoticeKind.PAYMENT_FAILED: Wording(
        "Your payment has not arrived",
        (
            "Your payment of {amount} {reason}.",
            (
                "If your bank has taken the money all the same, it reaches your wallet by itself, "
                "or your bank returns it."
            ),
        ),
        ("Your payment of {amount} {reason}.",),
        _PAYMENT,
    ),
    NoticeKind.TRANSFER_RECEIVED: Wording(
        "You have received {amount}",
        ("Somebody has sent you {amount}.", "The page of your wallet says what for."),
        ("Somebody has sent you {amount}. It is in your wallet.",),
        _WALLET,
    ),
    NoticeKind.WITHDRAWAL_ASKED: Wording(
        "A withdrawal of {amount}",
        (
            (
                "You asked us to send {amount} to the bank account that ends in {iban_end}. Our "
                "support looks at it first."
            ),
            NOT_YOU,
        ),
        ("A withdrawal of {amount} to the account that ends in {iban_end} was asked for.",),
        _WALLET,
    ),
    NoticeKind.WITHDRAWAL_PAID: Wording(
        "Your withdrawal was paid",
        (
            "We have sent {amount} to the bank account that ends in {iban_end}.",
            _REFERENCE,
        ),
        ("We have sent {amount} to the bank account that ends in {iban_end}.",),
        _WALLET,
    ),
    NoticeKind.WITHDRAWAL_RETURNED: Wording(
        "Your withdrawal came back",
        (
            "{amount} is back in your wallet: {reason}.",
            "It was meant for the bank account that ends in {iban_end}.",
        ),
        ("{amount} is back in your wallet: {reason}.",),
        _WALLET,
    ),
}

PHRASES: Final[Mapping[str, Mapping[str, str]]] = {
    "reason": {
        "payment_expired": "was not made in time",
        "payment_failed": "failed",
        "withdrawal_rejected": "our support did not approve its withdrawal",
        "withdrawal_failed": "the bank could not take it",
    },
    "outcome": {
        "goes_on": "It goes on into the loan of “{title}” by itself.",
        "kept": "The loan of “{title}” could not be paid with it, so it stays in your wallet.",
    },
}
