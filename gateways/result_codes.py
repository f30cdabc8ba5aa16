"""Zarinpal's result codes: what each means, and what it asks of us.

The codes of its dead SOAP and WebGate interfaces overlap with these and mean other things.
"""

from typing import Final

from gateways.errors import ResultClass

SUCCESS: Final = 100
ALREADY_VERIFIED: Final = 101

_C, _I = ResultClass.CONFIGURATION, ResultClass.INPUT
RESULTS: Final[dict[int, tuple[ResultClass, str]]] = {
    # Any call.
    -9: (_I, "the request failed validation"),
    -10: (_C, "unknown terminal: wrong merchant id or address"),
    -11: (_C, "the terminal is not active"),
    -12: (ResultClass.RETRY, "too many attempts; wait some minutes"),
    -13: (_C, "the terminal's limit is reached"),
    -14: (_C, "the callback's domain is not the registered one"),
    -15: (_C, "the terminal's owner is suspended"),
    -16: (_C, "the merchant's level is below silver"),
    -17: (_C, "not allowed at the merchant's level (blue)"),
    -18: (_C, "the referring address is not the registered domain"),
    -19: (_C, "the terminal may not take payments"),
    # These four are about referrer codes; 429 has nothing to do with the HTTP status.
    429: (_I, "the referrer code is malformed"),
    430: (_I, "the referrer code is refused"),
    431: (_I, "the referrer code is refused"),
    432: (_I, "the referrer code is refused"),
    # Opening a payment.
    -30: (_C, "the terminal may not split payments"),
    -31: (_C, "split payments need a default settlement account"),
    -32: (_I, "the shares exceed what may be split"),
    -33: (_I, "the shares are not valid"),
    -34: (_I, "the shares exceed the amount"),
    -35: (_I, "too many shares"),
    -36: (_I, "a share is below 10,000 rials"),
    -37: (_C, "an account of a share is not active"),
    -38: (_C, "an account is not registered with Shaparak"),
    -39: (_C, "the shares need Zarinpal's support"),
    -40: (_I, "extra parameters are not valid"),
    -41: (_I, "the amount is above 1,000,000,000 rials"),
    # Verifying.
    -50: (_I, "the amount differs from what was paid"),
    # Final once the payment's own window has closed; only the caller knows that window.
    -51: (ResultClass.PENDING, "no successful payment yet"),
    -52: (ResultClass.RETRY, "unexpected error at the gateway"),
    # Our authorities are our own, so this says that the configured merchant id was changed.
    -53: (_C, "the payment belongs to another merchant"),
    -54: (_I, "the authority is not valid here"),
    -55: (_I, "no such manual payment request"),
    # Reversing.
    -60: (ResultClass.FINAL, "the bank cannot reverse this payment"),
    -61: (ResultClass.AMBIGUOUS, "not a successful payment, or already reversed"),
    -62: (_C, "this server's address is not registered for reversals"),
    -63: (ResultClass.FINAL, "the time for a reversal is over"),
}


def classify(code: int) -> tuple[ResultClass, str]:
    """Return the class and meaning of an error code; a code nobody told us of is ambiguous."""
    return RESULTS.get(code, (ResultClass.AMBIGUOUS, "a code that is not documented"))
