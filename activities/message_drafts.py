"""What a stored message becomes when it is sent: to whom, in which words, or why not at all."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.messages.notice import WITH_SECRET, Channel, NoticeKind, worth_sending
from domain.messages.worth import is_still_so
from domain.messages.writing import write
from domain.ticket import Ticket
from gateways.message import Outgoing
from models.message import MessageRow
from models.personal import PersonalData
from models.queries import payments, preferences, tickets, users
from models.queries.messages import Due
from models.user import User


class Pointless(Exception):
    """There is nothing to send, or nobody to send it to, and there never will be."""


@dataclass(frozen=True)
class Draft:
    """A message that is worth sending, and whom it is for."""

    row: MessageRow
    reader: User
    to: str = field(repr=False)

    @property
    def has_secret(self) -> bool:
        return self.row.kind in WITH_SECRET

    @property
    def target(self) -> bytes | None:
        """What the message proves, where that can change: the blind index of a phone."""
        return None if self.row.channel is Channel.EMAIL else self.reader.phone_index

    def outgoing(self, secret: str | None, frontend_url: str) -> Outgoing:
        """Write it down for its next attempt."""
        row = self.row
        letter = write(row.kind, self.reader.locale, row.facts, secret, frontend_url, row.ticket_id)
        is_email = row.channel is Channel.EMAIL
        return Outgoing(
            row.id,
            row.attempts + 1,
            self.to,
            letter.by(row.channel),
            subject=letter.subject if is_email else "",
            html=letter.html if is_email else "",
            language=letter.language.value,
        )


@dataclass(frozen=True)
class Known:
    """What the messages of a batch are judged by, as it is now.

    Attributes:
        asleep: Until when those readers sleep who do.
        paid: Which of the payments have arrived.
    """

    by_id: Mapping[UUID, User]
    by_email: Mapping[str, User]
    asleep: Mapping[UUID, datetime]
    tickets: Mapping[UUID, Ticket]
    paid: AbstractSet[UUID]

    def reader(self, row: MessageRow) -> User | None:
        """Return whose message it is. Of an address that somebody typed it may be nobody's."""
        if row.user_id is not None:
            return self.by_id.get(row.user_id)
        return self.by_email.get(row.address or "")


async def known_of(session: AsyncSession, rows: Sequence[MessageRow]) -> Known:
    """Find out what messages are judged by, in as many statements for all of them as for one."""
    user_ids = {row.user_id for row in rows if row.user_id}
    emails = {row.address for row in rows if row.address and not row.user_id}
    readers = await users.among(session, user_ids, emails)
    ticket_ids = {row.ticket_id for row in rows if row.ticket_id}
    payment_ids = {
        UUID(row.facts["payment_id"])
        for row in rows
        if row.kind is NoticeKind.PAYMENT_FAILED and "payment_id" in row.facts
    }
    return Known(
        {user.id: user for user in readers},
        {user.email: user for user in readers},
        await preferences.asleep(session, [user.id for user in readers]),
        await tickets.among(session, ticket_ids) if ticket_ids else {},
        await payments.paid_among(session, payment_ids) if payment_ids else set(),
    )


def drafted(due: Due, known: Known, personal: PersonalData) -> Draft:
    """Find out whom a message is for, as they are now.

    Raises:
        Pointless: It is too late, its reader is gone, has proven already what it asks for, or
            what it tells of is over.
    """
    row = due.row
    if due.age > worth_sending(row.kind):
        raise Pointless("it could not be sent in time")
    user = known.reader(row)
    if user is None or not user.is_active:
        raise Pointless("there is nobody to tell")
    _check_that_it_is_so(row, known)
    is_proven = user.phone_verified if row.channel is Channel.SMS else user.email_verified
    if row.kind in {NoticeKind.EMAIL_VERIFICATION, NoticeKind.PHONE_CODE} and is_proven:
        raise Pointless("the address is verified already")
    is_email = row.channel is Channel.EMAIL
    to = row.address or (user.email if is_email else personal.phone_of(user))
    if to is None:
        raise Pointless("there is no phone number any more")
    return Draft(row, user, to)


def _check_that_it_is_so(row: MessageRow, known: Known) -> None:
    ticket = known.tickets.get(row.ticket_id) if row.ticket_id else None
    if ticket and not is_still_so(row.kind, row.facts, ticket):
        raise Pointless("the loan has moved on")
    if row.kind is NoticeKind.PAYMENT_FAILED and UUID(row.facts["payment_id"]) in known.paid:
        raise Pointless("the payment has arrived since")
