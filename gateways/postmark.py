"""Postmark's HTTP interface: hands e-mail over.

It has no names of ours to ask by: after an answer that was lost nobody knows, and a second copy of
an e-mail is the lesser evil.
"""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import httpx

from gateways.calls import TIMEOUT, calling, decode, whole
from gateways.errors import Declined, OutcomeUnknown, ResultClass, Unavailable
from gateways.message import MessageGateway, Outgoing

_C, _I = ResultClass.CONFIGURATION, ResultClass.INPUT
ERRORS: Final[dict[int, tuple[ResultClass, str]]] = {
    10: (_C, "the server token is wrong"),
    100: (ResultClass.RETRY, "maintenance"),
    300: (_I, "the e-mail is not valid"),
    400: (_C, "the sender's address is not registered"),
    401: (_C, "the sender's address is not confirmed"),
    405: (_C, "the account may not send, or has no credits left"),
    406: (ResultClass.FINAL, "the recipient's address bounced, complained or is suppressed"),
    412: (_C, "the account is pending approval"),
    413: (_C, "the account has reached its limit"),
}
_TOO_MANY: Final = 429
_AWAY: Final = 503


@dataclass(frozen=True)
class Postmark(MessageGateway):
    """One server of an account, and the address that it sends from."""

    client: httpx.AsyncClient
    base_url: str
    token: str = field(repr=False)
    sender: str = field(repr=False)

    @property
    def name(self) -> str:
        return "postmark"

    async def send(self, message: Outgoing) -> str:
        body = {
            "From": self.sender,
            "To": message.to,
            "Subject": message.subject,
            "TextBody": message.text,
            "HtmlBody": message.html,
            "MessageStream": "outbound",
            "Metadata": {"message": str(message.message_id)},
            # The links are secrets: nobody shall rewrite them, or learn who opened what.
            "TrackOpens": False,
            "TrackLinks": "None",
        }
        async with calling("postmark"):
            response = await self.client.post(
                f"{self.base_url.rstrip('/')}/email",
                json=body,
                headers={"Accept": "application/json", "X-Postmark-Server-Token": self.token},
                timeout=TIMEOUT,
                follow_redirects=False,  # the token goes to this host and to no other
            )
        return _message_id(response)

    async def find(self, message_id: UUID, attempt: int) -> str | None:  # noqa: ARG002
        return None


def _message_id(response: httpx.Response) -> str:
    answer, status = decode(response), response.status_code
    code, name = whole(answer.get("ErrorCode")), answer.get("MessageID")
    if code == 0 and response.is_success and isinstance(name, str) and name:
        return name
    if status in {_TOO_MANY, _AWAY}:
        raise Unavailable(f"postmark: HTTP {status}")
    if not code or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise OutcomeUnknown(f"postmark: HTTP {status} without a recognisable answer")
    result_class, meaning = ERRORS.get(code, (_I, "a code that is not documented"))
    raise Declined(code, f"postmark: {meaning}", result_class)
