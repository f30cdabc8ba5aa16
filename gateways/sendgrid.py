"""SendGrid's HTTP interface, version 3: hands e-mail over.

Like Postmark it has no names of ours to ask by, so a second copy is the lesser evil. Its refusals
have no numbers but their HTTP status.
"""

from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Final
from uuid import UUID

import httpx

from gateways.calls import TIMEOUT, calling, decode
from gateways.errors import Declined, OutcomeUnknown, ResultClass, Unavailable
from gateways.message import MessageGateway, Outgoing

_C, _I = ResultClass.CONFIGURATION, ResultClass.INPUT
ERRORS: Final[dict[int, tuple[ResultClass, str]]] = {
    400: (_I, "the e-mail is not valid"),
    401: (_C, "the key is wrong, or the account has no credits left"),
    403: (_C, "the key may not send, or the sender's address is not confirmed"),
    404: (_C, "there is no such method at this host"),
    405: (_I, "the wrong HTTP method"),
    406: (_I, "no answer in JSON was asked for"),
    413: (_I, "the e-mail is too large"),
    415: (_I, "the e-mail is not JSON"),
}
_OFF: Final = {"enable": False}


@dataclass(frozen=True)
class SendGrid(MessageGateway):
    """One account, and the address that it sends from."""

    client: httpx.AsyncClient
    base_url: str
    key: str = field(repr=False)
    sender: str = field(repr=False)

    @property
    def name(self) -> str:
        return "sendgrid"

    async def send(self, message: Outgoing) -> str:
        async with calling("sendgrid"):
            response = await self.client.post(
                f"{self.base_url.rstrip('/')}/v3/mail/send",
                json=self._body(message),
                headers={"Accept": "application/json", "Authorization": f"Bearer {self.key}"},
                timeout=TIMEOUT,
                follow_redirects=False,  # the key goes to this host and to no other
            )
        return _message_id(response)

    async def find(self, message_id: UUID, attempt: int) -> str | None:  # noqa: ARG002
        return None

    def _body(self, message: Outgoing) -> dict[str, object]:
        # It refuses parts without text, and wants the plainest one first.
        parts = {"text/plain": message.text, "text/html": message.html}
        content = [{"type": form, "value": text} for form, text in parts.items() if text]
        custom = {"message": str(message.message_id)}
        name, address = parseaddr(self.sender)
        return {
            "personalizations": [{"to": [{"email": message.to}], "custom_args": custom}],
            "from": {"email": address, **({"name": name} if name else {})},
            "subject": message.subject,
            "content": content,
            # The links are secrets: nobody shall rewrite them, or learn who opened what.
            "tracking_settings": {
                "click_tracking": {**_OFF, "enable_text": False},
                "open_tracking": _OFF,
                "subscription_tracking": _OFF,
                "ganalytics": _OFF,
            },
        }


def _message_id(response: httpx.Response) -> str:
    """Return the name by which its reports begin; an e-mail that was taken has an empty answer."""
    status, name = response.status_code, response.headers.get("X-Message-Id", "")
    if status == httpx.codes.ACCEPTED and name:
        return str(name)
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise Unavailable(f"sendgrid: HTTP {status}")
    if status in ERRORS and isinstance(decode(response).get("errors"), list):
        result_class, meaning = ERRORS[status]
        raise Declined(status, f"sendgrid: {meaning}", result_class)
    raise OutcomeUnknown(f"sendgrid: HTTP {status} without a recognisable answer")
