"""One try at a message. Its secret is made here, and leaves in the message alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from activities.message_drafts import Draft, Pointless, drafted
from domain.messages.notice import OPTIONAL, Channel, MessageStatus
from gateways.errors import Declined, GatewayError, ResultClass
from gateways.message import MessageGateway, Outgoing
from models.account_secrets import AccountSecrets
from models.database import Sessions
from models.message import MessageRow
from models.personal import PersonalData
from models.queries import account_tokens, messages, preferences
from models.queries.account_tokens import Issued

# Nothing that we do later makes the provider take these. All else is tried again: a person may
# mend the account, or time the rest.
_FOR_GOOD: Final = frozenset({ResultClass.INPUT, ResultClass.FINAL})


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

    async def make(self, row: MessageRow) -> Outcome:
        """Try once, and let go of the message: it has ended, or its next try has a time.

        Args:
            row: As it was before it was taken in hand.
        """
        try:
            draft = await self._draft(row)
            if draft is None:
                return Outcome.POSTPONED
            await self._try(row, draft)
        except Pointless as why:
            await self._give_up(row.id, str(why))
            return Outcome.POINTLESS
        except GatewayError as error:
            if isinstance(error, Declined) and error.result_class in _FOR_GOOD:
                await self._give_up(row.id, str(error))
                return Outcome.REFUSED
            await self.put_off(row, str(error))
            return Outcome.PUT_OFF
        return Outcome.SENT

    async def put_off(self, row: MessageRow, why: str) -> None:
        async with self.sessions.begin() as session:
            await messages.put_off(session, row, why)

    async def _draft(self, row: MessageRow) -> Draft | None:
        """Return what is to be sent to whom; None if its reader wants to sleep."""
        async with self.sessions.begin() as session:
            draft = await drafted(session, row, self.personal)
            if draft.kind not in OPTIONAL:
                return draft
            morning = await preferences.asleep_until(session, draft.user_id)
            if morning is None:
                return draft
            await messages.postpone(session, row.id, morning)
            return None

    async def _try(self, row: MessageRow, draft: Draft) -> None:
        gateway = self.gateways.get(draft.channel)
        if gateway is None:
            raise Pointless(f"no provider of {draft.channel} is set up: see the settings")
        name = None
        if row.tried_at is not None and row.attempts:
            name = await gateway.find(row.id, row.attempts)
        name = name or await gateway.send(await self._write(draft))
        async with self.sessions.begin() as session:
            await messages.sent(session, row.id, gateway.name, name)

    async def _write(self, draft: Draft) -> Outgoing:
        """Count the attempt, and make the secret that the message holds."""
        async with self.sessions.begin() as session:
            await messages.count_attempt(session, draft.message_id, draft.attempts + 1)
            secret = await self._secret(session, draft)
        letter = draft.letter(secret, self.frontend_url)
        is_email = draft.channel is Channel.EMAIL
        return Outgoing(
            draft.message_id,
            draft.attempts + 1,
            draft.to,
            letter.by(draft.channel),
            subject=letter.subject if is_email else "",
            html=letter.html if is_email else "",
            language=letter.language.value,
        )

    async def _secret(self, session: AsyncSession, draft: Draft) -> str | None:
        if not draft.has_secret:
            return None
        secret, digest = self.secrets.new(draft.kind, draft.user_id)
        issued = Issued(draft.user_id, draft.kind, digest, draft.target)
        await account_tokens.issue(session, issued)
        return secret

    async def _give_up(self, message_id: UUID, why: str) -> None:
        async with self.sessions.begin() as session:
            await messages.failed(session, message_id, why)
