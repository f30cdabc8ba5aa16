"""Hands messages over to their providers. Secrets are made here, and leave in the message alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from temporalio import activity

from activities.contracts_messages import MessageSteps
from activities.message_drafts import Draft, Pointless, drafted
from domain.notice import Channel, MessageStatus
from gateways.errors import Declined, GatewayError, ResultClass
from gateways.message import MessageGateway, Outgoing
from models.account_secrets import AccountSecrets
from models.database import Sessions
from models.personal import PersonalData
from models.queries import account_tokens, messages
from models.queries.account_tokens import Issued

MOST_AT_ONCE: Final = 200
HELD: Final = timedelta(seconds=40)  # longer than two calls to a provider take
# Nothing that we do later makes the provider take these. All else is tried again: a person may
# mend the account, or time the rest.
_FOR_GOOD: Final = frozenset({ResultClass.INPUT, ResultClass.FINAL})


class SentElsewhere(Exception):
    """Another worker has this message in hand. Later its outcome is known."""


@dataclass(frozen=True)
class ProviderMessageSteps(MessageSteps):
    """Attributes.

    gateways: By channel; one that is missing has no credentials.
    frontend_url: Where links lead, without a slash at the end.
    """

    sessions: Sessions
    gateways: Mapping[Channel, MessageGateway]
    personal: PersonalData
    secrets: AccountSecrets
    frontend_url: str

    @activity.defn
    async def find_waiting_messages(self) -> tuple[UUID, ...]:
        async with self.sessions() as session:
            return tuple(await messages.waiting(session, MOST_AT_ONCE))

    @activity.defn
    async def deliver_message(self, message_id: UUID) -> MessageStatus:
        """Try once. A refusal that may pass, and an answer that is lost, have it tried again.

        Raises:
            GatewayError: Nobody knows yet, or it is not the time yet.
            SentElsewhere: Somebody else is at it.
        """
        try:
            draft = await self._begin(message_id)
            if isinstance(draft, MessageStatus):
                return draft
            return await self._try(draft)
        except Pointless as why:
            return await self._give_up(message_id, str(why))
        except Declined as refusal:
            if refusal.result_class in _FOR_GOOD:
                return await self._give_up(message_id, str(refusal))
            await self._note(message_id, refusal)
            raise
        except GatewayError as error:
            await self._note(message_id, error)
            raise

    async def _begin(self, message_id: UUID) -> Draft | MessageStatus:
        """Return what is to be sent to whom, or how the message has ended before."""
        async with self.sessions.begin() as session:
            row = await messages.lock(session, message_id)
            if row is None:
                return MessageStatus.FAILED  # what was to be told of was rolled back
            if row.status is not MessageStatus.QUEUED:
                return row.status
            draft = await drafted(session, row, self.personal)
            if not await messages.hold(session, message_id, HELD):
                raise SentElsewhere(f"message {message_id}")
        return draft

    async def _try(self, draft: Draft) -> MessageStatus:
        gateway = self.gateways.get(draft.channel)
        if gateway is None:
            raise Pointless(f"no provider of {draft.channel} is set up: see the settings")
        found = None
        if draft.attempts:
            found = await gateway.find(draft.message_id, draft.attempts)
        name = found or await gateway.send(await self._write(draft))
        async with self.sessions.begin() as session:
            await messages.sent(session, draft.message_id, gateway.name, name)
        return MessageStatus.SENT

    async def _write(self, draft: Draft) -> Outgoing:
        """Count the try, and make the secret that the message holds."""
        async with self.sessions.begin() as session:
            await messages.count_attempt(session, draft.message_id, draft.attempts + 1)
            secret = await self._secret(session, draft)
        letter = draft.letter(secret, self.frontend_url)
        is_email = draft.channel is Channel.EMAIL
        return Outgoing(
            draft.message_id,
            draft.attempts + 1,
            draft.to,
            letter.text,
            subject=letter.subject if is_email else "",
            html=letter.html if is_email else "",
        )

    async def _secret(self, session: AsyncSession, draft: Draft) -> str | None:
        if not draft.has_secret:
            return None
        secret, digest = self.secrets.new(draft.kind, draft.user_id)
        issued = Issued(draft.user_id, draft.kind, digest, draft.target)
        await account_tokens.issue(session, issued)
        return secret

    async def _note(self, message_id: UUID, error: GatewayError) -> None:
        async with self.sessions.begin() as session:
            await messages.note(session, message_id, str(error))

    async def _give_up(self, message_id: UUID, why: str) -> MessageStatus:
        async with self.sessions.begin() as session:
            await messages.failed(session, message_id, why)
        return MessageStatus.FAILED
