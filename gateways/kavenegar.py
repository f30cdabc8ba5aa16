"""Kavenegar's HTTP interface: hands short messages over, and tells whether it has done so.

Its key is a part of the address that is called, so no address is ever quoted.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote
from uuid import UUID

import httpx

from gateways.calls import TIMEOUT, calling, decode, whole
from gateways.errors import Declined, OutcomeUnknown, ResultClass, Unavailable
from gateways.message import MessageGateway, Outgoing

_C, _I = ResultClass.CONFIGURATION, ResultClass.INPUT
ERRORS: Final[dict[int, tuple[ResultClass, str]]] = {
    400: (_I, "parameters are incomplete"),
    401: (_C, "the account is disabled"),
    402: (ResultClass.RETRY, "the operation failed"),
    403: (_C, "the key is not valid"),
    404: (_I, "there is no such method"),
    405: (_I, "the wrong HTTP method"),
    406: (_I, "a mandatory parameter is missing"),
    407: (_C, "the key may not do this, or not from this address"),
    409: (ResultClass.RETRY, "the server cannot answer now"),
    411: (ResultClass.FINAL, "the recipient's number is not valid"),
    412: (_C, "the sender's line is not valid"),
    413: (_I, "the message is empty or too long"),
    414: (_I, "too many recipients"),
    416: (_C, "this server's address is not the registered one"),
    417: (_I, "the date is not valid"),
    418: (_C, "the account has no credit left"),
    419: (_I, "lists differ in length"),
    422: (_I, "the text has characters that are not supported"),
    424: (_C, "the template is not known or not approved"),
    426: (_C, "this needs the advanced service"),
    428: (_I, "the token of a call has to be a number"),
    430: (_C, "the account's owner is not identified"),
    431: (_I, "the token's form is wrong"),
    432: (_I, "the template has no token"),
}
_OK: Final = 200
_TOO_MANY: Final = 429
# What became of a message: failed, cancelled, or an id that nothing is known of.
_NOT_TAKEN: Final = frozenset({6, 13, 100})
_UNDELIVERABLE: Final = frozenset({11, 14})


@dataclass(frozen=True)
class Kavenegar(MessageGateway):
    """One account. Without a `sender` the account's own line is used."""

    client: httpx.AsyncClient
    base_url: str
    key: str = field(repr=False)
    sender: str | None = None

    @property
    def name(self) -> str:
        return "kavenegar"

    async def send(self, message: Outgoing) -> str:
        form = {
            "receptor": _dialled(message.to),
            "message": message.text,
            "localid": str(local_id(message.message_id, message.attempt)),
        }
        if self.sender:
            form["sender"] = self.sender
        entry = await self._entry("sms/send", form)
        name, status = whole(entry.get("messageid")), whole(entry.get("status"))
        if name is None:
            raise OutcomeUnknown("kavenegar: accepted without a message id")
        if status in _NOT_TAKEN | _UNDELIVERABLE:
            raise Declined(
                status or 0, "kavenegar: the number takes no messages", ResultClass.FINAL
            )
        return str(name)

    async def find(self, message_id: UUID, attempt: int) -> str | None:
        form = {"localid": str(local_id(message_id, attempt))}
        try:
            entry = await self._entry("sms/statuslocalmessageid", form)
        except Declined as refusal:
            if refusal.result_class in {ResultClass.INPUT, ResultClass.FINAL}:
                return None  # it does not know this name
            raise
        name, status = whole(entry.get("messageid")), whole(entry.get("status"))
        return str(name) if name and status not in _NOT_TAKEN else None

    async def _entry(self, method: str, form: dict[str, str]) -> dict[str, object]:
        address = f"{self.base_url.rstrip('/')}/v1/{quote(self.key, safe='')}/{method}.json"
        async with calling("kavenegar"):
            response = await self.client.post(
                address, data=form, timeout=TIMEOUT, follow_redirects=False
            )
        return _first_entry(response)


def local_id(message_id: UUID, attempt: int) -> int:
    """Name a try in 62 bits, which is as much as a signed number holds with room to spare."""
    named = hashlib.sha256(message_id.bytes + attempt.to_bytes(4)).digest()
    return int.from_bytes(named[:8]) >> 2


def _dialled(number: str) -> str:
    """Write a number as it is dialled in Iran."""
    return f"0{number[3:]}" if number.startswith("+98") else f"00{number[1:]}"


def _first_entry(response: httpx.Response) -> dict[str, object]:
    """Return what an answer says of the one message that it is about, which may be nothing.

    The body decides, whatever the HTTP status is: sources differ on whether it repeats the code.
    """
    answer = decode(response)
    returned = answer.get("return")
    code = whole(returned.get("status")) if isinstance(returned, dict) else None
    if code is None:
        if response.status_code == _TOO_MANY:
            raise Unavailable(f"kavenegar: HTTP {_TOO_MANY}")
        raise OutcomeUnknown(f"kavenegar: HTTP {response.status_code} without an answer")
    if code != _OK:
        unknown = (ResultClass.AMBIGUOUS, "a code that is not documented")
        result_class, meaning = ERRORS.get(code, unknown)
        raise Declined(code, f"kavenegar: {meaning}", result_class)
    entries = answer.get("entries")
    first = entries[0] if isinstance(entries, list) and entries else None
    return first if isinstance(first, dict) else {}
