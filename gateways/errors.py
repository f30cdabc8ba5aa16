"""The three ways in which a call to an outside system can fail, whichever the provider.

GatewayError
├── Declined        it understood and refused; the class says what may be done about it
├── Unavailable     the call certainly had no effect; it may be made again at any time
└── OutcomeUnknown  the call may have had its effect; find out before anything is decided
"""

from enum import StrEnum


class ResultClass(StrEnum):
    """What a refusal asks of us."""

    CONFIGURATION = "configuration"  # final until a person changes something at the provider
    INPUT = "input"  # final: what we sent was wrong
    PENDING = "pending"  # not yet; ask again later
    FINAL = "final"  # never, for this object
    RETRY = "retry"  # the same call may succeed after a while
    AMBIGUOUS = "ambiguous"  # says too little; look at the object's state first


class GatewayError(Exception):
    """A call that did not succeed. Its text is fit for logs: it holds no secret."""


class Declined(GatewayError):
    """The provider understood the call and refused it.

    "Try later" answers are of this kind too, with `ResultClass.RETRY`: they are refusals with a
    code worth recording, unlike `Unavailable`, where nobody answered.

    Attributes:
        code: The provider's own code.
        message: What the code means, and the provider's words for it.
    """

    def __init__(self, code: int, message: str, result_class: ResultClass) -> None:
        super().__init__(code, message, result_class)
        self.code = code
        self.message = message
        self.result_class = result_class

    def __str__(self) -> str:
        return f"declined with {self.code} ({self.result_class}): {self.message}"


class Unavailable(GatewayError):
    """The provider could not be reached, so the call certainly had no effect."""


class OutcomeUnknown(GatewayError):
    """No answer, or none that can be read: the call may or may not have had its effect."""
