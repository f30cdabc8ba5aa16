"""The Cloud API of WhatsApp: hands messages over, each in a template that was approved before.

It has no names of ours to ask by, so a second copy is the lesser evil. Its error codes count, not
the HTTP status that they come with.
"""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote
from uuid import UUID

import httpx

from gateways.calls import TIMEOUT, calling, decode, whole
from gateways.errors import Declined, OutcomeUnknown, ResultClass, Unavailable
from gateways.message import MessageGateway, Outgoing

_C, _I, _F = ResultClass.CONFIGURATION, ResultClass.INPUT, ResultClass.FINAL
_RETRY: Final = ResultClass.RETRY
ERRORS: Final[dict[int, tuple[ResultClass, str]]] = {
    0: (_C, "the token is wrong or has expired"),
    1: (_RETRY, "an error of theirs"),
    2: (_RETRY, "an error of theirs"),
    3: (_C, "the token may not do this"),
    4: (_RETRY, "too many calls"),
    10: (_C, "the token may not do this"),
    33: (_C, "there is no such phone number id"),
    100: (_I, "a parameter is not valid"),
    190: (_C, "the token is wrong or has expired"),
    368: (_C, "the account is blocked for a while"),
    80007: (_RETRY, "too many calls"),
    130429: (_RETRY, "too many messages"),
    130472: (_F, "the recipient is part of an experiment and gets none"),
    130497: (_F, "messages to this country are not allowed"),
    131000: (_RETRY, "an error of theirs"),
    131005: (_C, "the token may not do this"),
    131008: (_I, "a parameter is missing"),
    131009: (_I, "a parameter's value is not valid"),
    131016: (_RETRY, "the service is away"),
    131021: (_F, "the recipient is the sender"),
    131026: (_F, "the message cannot be delivered to this number"),
    131030: (_C, "the account sends to listed numbers only"),
    131031: (_C, "the account is locked"),
    131042: (_C, "the account cannot be paid for"),
    131045: (_C, "the sender's number is not registered"),
    131047: (_F, "without a template only who wrote within a day is answered"),
    131048: (_RETRY, "too many of our messages were marked as spam"),
    131049: (_F, "not sent, for the recipient has enough of such messages"),
    131051: (_I, "messages of this type are not known"),
    131056: (_RETRY, "too many messages to this recipient"),
    131057: (_RETRY, "maintenance"),
    132000: (_C, "the template has another number of parameters"),
    132001: (_C, "the template does not exist in this language, or is not approved"),
    132005: (_I, "the text is too long for the template"),
    132007: (_C, "the template offends against a rule"),
    132012: (_C, "the template's parameter has another form"),
    132015: (_C, "the template is paused"),
    132016: (_C, "the template is disabled"),
    133010: (_C, "the sender's number is not registered"),
    135000: (_I, "a parameter is not valid"),
}
_PERMISSION: Final = range(200, 300)
_TEMPLATE: Final = range(132000, 133000)


@dataclass(frozen=True)
class WhatsAppCloud(MessageGateway):
    """One phone number of an account, and the template that carries every message.

    Attributes:
        phone_number_id: Meta's name for the number, not the number.
        template: Approved in each language, with the text as its only variable.
        version: Of the Graph API, such as `v24.0`.
    """

    client: httpx.AsyncClient
    base_url: str
    token: str = field(repr=False)
    phone_number_id: str
    template: str
    version: str

    @property
    def name(self) -> str:
        return "whatsapp_cloud"

    async def send(self, message: Outgoing) -> str:
        number = quote(self.phone_number_id, safe="")
        async with calling("whatsapp_cloud"):
            response = await self.client.post(
                f"{self.base_url.rstrip('/')}/{self.version}/{number}/messages",
                json=self._body(message),
                headers={"Authorization": f"Bearer {self.token}"},
                timeout=TIMEOUT,
                follow_redirects=False,  # the token goes to this host and to no other
            )
        return _message_id(response)

    async def find(self, message_id: UUID, attempt: int) -> str | None:  # noqa: ARG002
        return None

    def _body(self, message: Outgoing) -> dict[str, object]:
        text = {"type": "text", "text": message.line}
        return {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": message.to,
            "type": "template",
            "template": {
                "name": self.template,
                "language": {"code": message.language},
                "components": [{"type": "body", "parameters": [text]}],
            },
            "biz_opaque_callback_data": str(message.message_id),
        }


def _message_id(response: httpx.Response) -> str:
    answer, status = decode(response), response.status_code
    error = answer.get("error")
    code = whole(error.get("code")) if isinstance(error, dict) else None
    if code is not None:
        raise _declined(code)
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise Unavailable(f"whatsapp_cloud: HTTP {status}")
    name = _first_id(answer)
    if not response.is_success or name is None:
        raise OutcomeUnknown(f"whatsapp_cloud: HTTP {status} without a recognisable answer")
    return name


def _first_id(answer: dict[str, object]) -> str | None:
    messages = answer.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    name = first.get("id") if isinstance(first, dict) else None
    return name if isinstance(name, str) and name else None


def _declined(code: int) -> Declined:
    if code in _PERMISSION:
        known = (_C, "the token may not do this")
    elif code in _TEMPLATE:
        known = ERRORS.get(code, (_C, "the template cannot be used"))
    else:
        known = ERRORS.get(code, (ResultClass.AMBIGUOUS, "a code that is not documented"))
    result_class, meaning = known
    return Declined(code, f"whatsapp_cloud: {meaning}", result_class)
