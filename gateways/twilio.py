"""Twilio's HTTP interface: hands over short messages, and those of WhatsApp.

It can list what was sent but not by names of ours: after an answer that was lost nobody knows, and
a second copy is the lesser evil.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlencode
from uuid import UUID

import httpx

from gateways.calls import TIMEOUT, calling, decode, whole
from gateways.errors import Declined, OutcomeUnknown, ResultClass, Unavailable
from gateways.message import MessageGateway, Outgoing

_C, _I, _F = ResultClass.CONFIGURATION, ResultClass.INPUT, ResultClass.FINAL
_RETRY: Final = ResultClass.RETRY
ERRORS: Final[dict[int, tuple[ResultClass, str]]] = {
    10001: (_C, "the account is not active"),
    14107: (_RETRY, "too many messages from this sender"),
    20003: (_C, "the account or its token is wrong"),
    20005: (_C, "the account is not active"),
    20404: (_C, "there is no such account"),
    20429: (_RETRY, "too many requests"),
    21211: (_F, "the recipient's number is not valid"),
    21212: (_C, "the sender is not valid"),
    21408: (_C, "the account may not send to this country"),
    21601: (_C, "the sender cannot send such messages"),
    21602: (_I, "the text is missing"),
    21603: (_C, "the sender is missing"),
    21604: (_I, "the recipient is missing"),
    21605: (_I, "the text is too long"),
    21606: (_C, "the sender is not ours, or cannot send such messages"),
    21608: (_C, "a trial account sends to confirmed numbers only"),
    21609: (_C, "the address for reports is not valid: see API_URL"),
    21610: (_F, "the recipient has unsubscribed"),
    21611: (_RETRY, "the sender's queue is full"),
    21612: (_F, "the recipient cannot be reached from this sender"),
    21614: (_F, "the recipient's number is not a mobile one"),
    21617: (_I, "the text is too long"),
    21619: (_I, "the text is missing"),
    21635: (_F, "the recipient's number is a landline"),
    21655: (_C, "the template is not known"),
    21656: (_I, "the template's variables are not valid"),
    21659: (_C, "the sender is not a number of Twilio's"),
    21660: (_C, "the sender belongs to another account"),
    21703: (_C, "the messaging service has no sender"),
    21705: (_C, "the messaging service is not known"),
    21730: (_RETRY, "maintenance"),
    21910: (_C, "sender and recipient are of different channels"),
    60605: (_F, "messages to this country are blocked"),
    63003: (_F, "the recipient is not on WhatsApp"),
    63007: (_C, "the sender is not on WhatsApp"),
    63016: (_C, "WhatsApp wants an approved template: see TWILIO_CONTENT_SID_FA and _EN"),
    63018: (_RETRY, "too many messages from this sender"),
    63024: (_F, "the recipient takes no messages"),
    63038: (_RETRY, "the account has reached its limit for today"),
}
_WHATSAPP: Final = "whatsapp:"
_SERVICE: Final = "MG"


@dataclass(frozen=True)
class Account:
    """Attributes.

    callback_url: Where it reports what became of a message; None where it cannot reach us.
    """

    sid: str
    token: str = field(repr=False)
    callback_url: str | None = None


@dataclass(frozen=True)
class Twilio(MessageGateway):
    """One sender of an account: SMS from a number or a messaging service.

    Subclassed for WhatsApp, where people are addressed in another way.
    """

    client: httpx.AsyncClient
    base_url: str
    account: Account
    sender: str

    @property
    def name(self) -> str:
        return "twilio"

    async def send(self, message: Outgoing) -> str:
        account = self.account
        path = f"/2010-04-01/Accounts/{quote(account.sid, safe='')}/Messages.json"
        async with calling("twilio"):
            response = await self.client.post(
                f"{self.base_url.rstrip('/')}{path}",
                data={**self.form(message), **_reported(account.callback_url, message)},
                headers={"Accept": "application/json"},
                auth=(account.sid, account.token),
                timeout=TIMEOUT,
                follow_redirects=False,  # the token goes to this host and to no other
            )
        return _sid(response)

    async def find(self, message_id: UUID, attempt: int) -> str | None:  # noqa: ARG002
        return None

    def form(self, message: Outgoing) -> dict[str, str]:
        """Return whom it is from, whom it is to, and its text, as the channel wants them."""
        by = "MessagingServiceSid" if self.sender.startswith(_SERVICE) else "From"
        return {"To": message.to, by: self.sender, "Body": message.text}


@dataclass(frozen=True)
class TwilioWhatsApp(Twilio):
    """WhatsApp from one number. Nobody who has not just written to us gets text of our own.

    Attributes:
        templates: By language, each approved and with the text as its only variable.
    """

    templates: Mapping[str, str] = field(default_factory=dict)

    def form(self, message: Outgoing) -> dict[str, str]:
        addressed = {
            "To": f"{_WHATSAPP}{message.to}",
            "From": f"{_WHATSAPP}{self.sender}",
        }
        template = self.templates.get(message.language)
        if template is None:
            return {**addressed, "Body": message.text}
        return {
            **addressed,
            "ContentSid": template,
            "ContentVariables": json.dumps({"1": message.line}, ensure_ascii=False),
        }


def _reported(callback_url: str | None, message: Outgoing) -> dict[str, str]:
    """Ask for reports by our own name, which we know even when its answer is lost."""
    if callback_url is None:
        return {}
    named = urlencode({"message": str(message.message_id)})
    return {"StatusCallback": f"{callback_url}?{named}"}


def _sid(response: httpx.Response) -> str:
    answer, status = decode(response), response.status_code
    sid, code = answer.get("sid"), whole(answer.get("code"))
    if response.is_success and isinstance(sid, str) and sid:
        return _accepted(sid, whole(answer.get("error_code")))
    if status == httpx.codes.TOO_MANY_REQUESTS and code not in ERRORS:
        raise Unavailable(f"twilio: HTTP {status}")
    if code is None or not response.is_client_error:
        raise OutcomeUnknown(f"twilio: HTTP {status} without a recognisable answer")
    raise _declined(code)


def _accepted(sid: str, error_code: int | None) -> str:
    """A message may be made and have failed at once."""
    if error_code:
        raise _declined(error_code)
    return sid


def _declined(code: int) -> Declined:
    result_class, meaning = ERRORS.get(
        code, (ResultClass.AMBIGUOUS, "a code of which nothing is known")
    )
    return Declined(code, f"twilio: {meaning}", result_class)
