"""What a stored message becomes when it is sent: to whom, in which words, or why not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.messages.letter import Letter
from domain.messages.notice import WITH_SECRET, Channel, NoticeKind
from domain.messages.worth import is_still_so
from domain.messages.writing import write
from models.message import MessageRow
from models.personal import PersonalData
from models.queries import messages, payments, tickets, users
from models.user import User


class Pointless(Exception):
    """There is nothing to send, or nobody to send it to, and there never will be."""


@dataclass(frozen=True)
class Draft:
    """Attributes.

    attempts: How often it was handed over, or may have been.
    target: What the message proves, where that can change: the blind index of a phone.
    """

    message_id: UUID
    user_id: UUID
    kind: NoticeKind
    channel: Channel
    attempts: int
    locale: str
    facts: Mapping[str, str]
    to: str = field(repr=False)
    target: bytes | None = field(default=None, repr=False)
    ticket_id: UUID | None = None

    @property
    def has_secret(self) -> bool:
        return self.kind in WITH_SECRET

    def letter(self, secret: str | None, frontend_url: str) -> Letter:
        return write(self.kind, self.locale, self.facts, secret, frontend_url, self.ticket_id)


async def drafted(session: AsyncSession, row: MessageRow, personal: PersonalData) -> Draft:
    """Find out whom a message is for, as they are now.

    Raises:
        Pointless: It is too late, its reader is gone, has proven already what it asks for, or
            what it tells of is over.
    """
    if await messages.is_too_late(session, row):
        raise Pointless("it could not be sent in time")
    user = await _reader(session, row)
    await _check_that_it_is_so(session, row)
    is_proven = user.phone_verified if row.channel is Channel.SMS else user.email_verified
    if row.kind in {NoticeKind.EMAIL_VERIFICATION, NoticeKind.PHONE_CODE} and is_proven:
        raise Pointless("the address is verified already")
    is_email = row.channel is Channel.EMAIL
    to = row.address or (user.email if is_email else personal.phone_of(user))
    if to is None:
        raise Pointless("there is no phone number any more")
    return Draft(
        row.id,
        user.id,
        row.kind,
        row.channel,
        row.attempts,
        user.locale,
        row.facts,
        to,
        None if is_email else user.phone_index,
        row.ticket_id,
    )


async def _reader(session: AsyncSession, row: MessageRow) -> User:
    """Return whose message it is. Of an address that somebody typed it may be nobody's."""
    found = (
        await users.get(session, row.user_id)
        if row.user_id is not None
        else await users.by_email(session, row.address or "")
    )
    if found is None or not found.is_active:
        raise Pointless("there is nobody to tell")
    if row.user_id is None:
        await messages.belongs_to(session, row.id, found.id)
    return found


async def _check_that_it_is_so(session: AsyncSession, row: MessageRow) -> None:
    ticket = await tickets.find(session, row.ticket_id) if row.ticket_id else None
    if ticket and not is_still_so(row.kind, row.facts, ticket):
        raise Pointless("the loan has moved on")
    if row.kind is NoticeKind.PAYMENT_FAILED:
        payment = await payments.find(session, UUID(row.facts["payment_id"]))
        if payment and payment.paid_at:
            raise Pointless("the payment has arrived since")
