"""What a provider of messages is asked, whichever it is, and whichever the channel."""

from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class Outgoing:
    """One try at one message.

    Attributes:
        message_id: Names the message for ever.
        attempt: Counts the tries from 1. Each may hold another secret, so each has its own name.
        to: An e-mail address, or a phone number as E.164.
        subject: Empty where the channel has none.
        language: `fa` or `en`; channels that want approved texts have one for each.
        html: The same text for programs that show pages; empty where the channel has none.
    """

    message_id: UUID
    attempt: int
    to: str = field(repr=False)
    text: str = field(repr=False)
    subject: str = field(default="", repr=False)
    html: str = field(default="", repr=False)
    language: str = "en"

    @property
    def line(self) -> str:
        """The text without line breaks, which templates of other people's do not take."""
        return " ".join(self.text.split())


class MessageGateway(Protocol):
    """One provider. Its errors quote nothing of what it says: that may repeat an address."""

    @property
    def name(self) -> str:
        """What the provider is called where its messages are logged."""
        ...

    async def send(self, message: Outgoing) -> str:
        """Hand a message over and return the provider's name for it.

        Raises:
            Declined: It was refused; the class says whether that can change.
            Unavailable: It was not handed over.
            OutcomeUnknown: It may have been.
        """
        ...

    async def find(self, message_id: UUID, attempt: int) -> str | None:
        """Return the provider's name for an earlier try, None if it was not handed over.

        A provider that cannot tell says None: then a second copy is the lesser evil.

        Raises:
            GatewayError: It did not answer.
        """
        ...
