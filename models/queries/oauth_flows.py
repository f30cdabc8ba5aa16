"""Statements on logins at providers that are under way."""

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity import Provider
from models.identity import FlowRow


@dataclass(frozen=True)
class Flow:
    """A login at a provider, from its beginning to the browser's return.

    Attributes:
        nonce: What the provider repeats inside of its token.
        verifier: What proves to the provider that who began also ends it (RFC 7636).
        next_path: Where the frontend goes on afterwards.
        link_session_id: The login whose account gets the identity; None to log in with it.
    """

    provider: Provider
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    next_path: str
    link_session_id: UUID | None = None


@dataclass(frozen=True)
class Claim:
    """What a browser brings back: both were made for it, and only hashes of them are stored."""

    state: str = field(repr=False)
    browser: str = field(repr=False)


async def begin(session: AsyncSession, claim: Claim, flow: Flow, lifetime: timedelta) -> None:
    """Store a flow that can be claimed once, for a while."""
    await session.execute(
        insert(FlowRow).values(
            state_digest=_digest(claim.state),
            browser_digest=_digest(claim.browser),
            provider=flow.provider,
            nonce=flow.nonce,
            verifier=flow.verifier,
            next_path=flow.next_path,
            link_session_id=flow.link_session_id,
            expires_at=func.now() + lifetime,
        )
    )


async def claim(session: AsyncSession, provider: Provider, brought: Claim) -> Flow | None:
    """Take a flow away; of those who come with the same state, only one gets it.

    Another browser, or another provider's callback, does not even use it up.
    """
    statement = delete(FlowRow).where(
        FlowRow.state_digest == _digest(brought.state),
        FlowRow.browser_digest == _digest(brought.browser),
        FlowRow.provider == provider,
        FlowRow.expires_at > func.now(),
    )
    taken = statement.returning(
        FlowRow.provider,
        FlowRow.nonce,
        FlowRow.verifier,
        FlowRow.next_path,
        FlowRow.link_session_id,
    )
    row = (await session.execute(taken)).one_or_none()
    return Flow(*row) if row else None


async def forget_past(session: AsyncSession) -> None:
    """Remove flows whose browsers did not come back in time."""
    await session.execute(delete(FlowRow).where(FlowRow.expires_at <= func.now()))


def _digest(secret: str) -> bytes:
    """Hash it: 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).digest()
