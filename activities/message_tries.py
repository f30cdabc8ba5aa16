"""Tries at messages. A secret is made here, and leaves in its message alone."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from activities.message_drafts import Draft, Known, Pointless, drafted, known_of
from domain.messages.notice import OPTIONAL, Channel, MessageStatus
from gateways.errors import Declined, GatewayError, ResultClass
from gateways.message import MessageGateway, Outgoing
from models.account_secrets import AccountSecrets
from models.database import Sessions
from models.message import MessageRow
from models.personal import PersonalData
from models.queries import account_tokens, messages
from models.queries.account_tokens import Issued
from models.queries.messages import Due

# Nothing that we do later makes the provider take these. All else is tried again: a person may
# mend the account, or time the rest.
_FOR_GOOD: Final = frozenset({ResultClass.INPUT, ResultClass.FINAL})
log = logging.getLogger(__name__)


class Outcome(StrEnum):
    SENT = "sent"
    REFUSED = "refused"  # by its provider, for good
    POINTLESS = "pointless"
    PUT_OFF = "put_off"  # its provider did not take it, or nobody knows
    POSTPONED = "postponed"  # its reader wants none at this hour

    @property
    def status(self) -> MessageStatus:
        """The one in which the message is then."""
        return _STATUS.get(self, MessageStatus.QUEUED)


_STATUS: Final = {
    Outcome.SENT: MessageStatus.SENT,
    Outcome.REFUSED: MessageStatus.FAILED,
    Outcome.POINTLESS: MessageStatus.FAILED,
}


@dataclass(frozen=True)
class Try:
    """A message in hand, and what is about to be sent.

    Attributes:
        row: As it was before it was taken in hand.
        issued: What is stored of its secret, if it holds one.
    """

    row: MessageRow
    user_id: UUID
    outgoing: Outgoing
    issued: Issued | None

    @property
    def is_first(self) -> bool:
        """Whether nothing can have come of an earlier one, so that nobody need be asked."""
        return self.row.tried_at is None or not self.row.attempts


@dataclass
class Batch:
    """What became of the messages that somebody looked at together.

    Attributes:
        pointless: Why those are not sent that never will be.
        asleep: Until when the readers sleep of those that wait for it.
        broken: What in our own code failed at those that cannot be sent.
        left: How many could be tried as well; they are due as they were.
    """

    tries: list[Try] = field(default_factory=list)
    pointless: dict[UUID, str] = field(default_factory=dict)
    asleep: dict[UUID, datetime] = field(default_factory=dict)
    broken: list[tuple[MessageRow, str]] = field(default_factory=list)
    left: int = 0

    @property
    def settled(self) -> list[Outcome]:
        """What became of those that are not tried."""
        return [
            *len(self.pointless) * [Outcome.POINTLESS],
            *len(self.asleep) * [Outcome.POSTPONED],
            *len(self.broken) * [Outcome.PUT_OFF],
        ]


@dataclass(frozen=True)
class MessageTries:
    """Attributes.

    gateways: By channel; one that is missing has no credentials.
    frontend_url: Where links lead, without a slash at the end.
    """

    sessions: Sessions
    gateways: Mapping[Channel, MessageGateway]
    personal: PersonalData
    secrets: AccountSecrets
    frontend_url: str

    async def take(
        self, session: AsyncSession, due: Sequence[Due], number: int, limit: timedelta
    ) -> Batch:
        """Settle those messages that are not sent now, and take up to `number` of the rest in hand.

        Each statement is one for all of them. They are locked by the caller, who commits before
        anything is sent; `limit` is when others may begin with what is in hand.
        """
        batch = Batch()
        known = await known_of(session, [row for row, _ in due])
        for each in due:
            try:
                self._judge(each, known, number, batch)
            except Pointless as why:
                batch.pointless[each.row.id] = str(why)
            except Exception as error:  # noqa: BLE001  (it does not stop the others)
                batch.broken.append((each.row, _told(each.row, error)))
        await self._settle(session, batch)
        if batch.tries:
            await self._begin(session, batch.tries, limit)
        return batch

    def _judge(self, due: Due, known: Known, number: int, batch: Batch) -> None:
        draft = drafted(due, known, self.personal)
        morning = known.asleep.get(draft.reader.id)
        channel = due.row.channel
        if morning and due.row.kind in OPTIONAL:
            batch.asleep[due.row.id] = morning
        elif channel not in self.gateways:
            raise Pointless(f"no provider of {channel} is set up: see the settings")
        elif len(batch.tries) < number:
            batch.tries.append(self._written(draft))
        else:
            batch.left += 1

    def _written(self, draft: Draft) -> Try:
        """Write a message, and make the secret that it holds."""
        row, secret, issued = draft.row, None, None
        if draft.has_secret:
            secret, digest = self.secrets.new(row.kind, draft.reader.id)
            issued = Issued(draft.reader.id, row.kind, digest, draft.target)
        return Try(row, draft.reader.id, draft.outgoing(secret, self.frontend_url), issued)

    async def _settle(self, session: AsyncSession, batch: Batch) -> None:
        if batch.pointless:
            await messages.failed(session, batch.pointless)
        if batch.asleep:
            await messages.postpone(session, batch.asleep)
        for row, why in batch.broken:
            await messages.put_off(session, row, why)

    async def _begin(self, session: AsyncSession, tries: Sequence[Try], limit: timedelta) -> None:
        """Take messages in hand. What may have been sent before is asked about before it counts."""
        attempts = {one.row.id: one.row.attempts + one.is_first for one in tries}
        await messages.hold(session, attempts, limit)
        readers = {one.row.id: one.user_id for one in tries if one.row.user_id is None}
        if readers:
            await messages.belongs_to(session, readers)
        await _issue(session, [one for one in tries if one.is_first])

    async def make(self, one: Try) -> Outcome:
        """Try once, and let go of the message: it has ended, or its next try has a time.

        One that breaks our own code is put off. Without the database this fails as well.
        """
        try:
            return await self._make(one)
        except Exception as error:  # noqa: BLE001  (whatever it is, it does not stop the others)
            return await self._put_off(one.row, _told(one.row, error))

    async def _make(self, one: Try) -> Outcome:
        gateway = self.gateways[one.row.channel]
        try:
            name = await self._hand_over(gateway, one)
        except GatewayError as error:
            if isinstance(error, Declined) and error.result_class in _FOR_GOOD:
                async with self.sessions.begin() as session:
                    await messages.failed(session, {one.row.id: str(error)})
                return Outcome.REFUSED
            return await self._put_off(one.row, str(error))
        async with self.sessions.begin() as session:
            await messages.sent(session, one.row.id, gateway.name, name)
        return Outcome.SENT

    async def _hand_over(self, gateway: MessageGateway, one: Try) -> str:
        """Return the provider's name for it; one that an earlier try handed over is not sent."""
        if not one.is_first:
            name = await gateway.find(one.row.id, one.row.attempts)
            if name is not None:
                return name
            async with self.sessions.begin() as session:
                await messages.count_attempt(session, one.row.id, one.outgoing.attempt)
                await _issue(session, [one])
        return await gateway.send(one.outgoing)

    async def _put_off(self, row: MessageRow, why: str) -> Outcome:
        async with self.sessions.begin() as session:
            await messages.put_off(session, row, why)
        return Outcome.PUT_OFF


async def _issue(session: AsyncSession, tries: Sequence[Try]) -> None:
    """Store the secrets in one order, so that two who store the same ones do not block each other.

    Of two for one reader and purpose the later one is the one that works.
    """
    secrets = [one.issued for one in tries if one.issued]
    for issued in sorted(secrets, key=lambda issued: (issued.user_id, issued.purpose)):
        await account_tokens.issue(session, issued)


def _told(row: MessageRow, error: Exception) -> str:
    """Log what is wrong with our own code, without its words, which may quote an address."""
    log.error("message %s cannot be sent: %s", row.id, type(error).__name__)
    return f"an error of ours: {type(error).__name__}"
