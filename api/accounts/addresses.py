"""How the API asks for a proof of an address, and how it takes one back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

from api.deps import Services
from api.idempotency import Attempt
from api.schemas.addresses import Queued
from domain.errors import RateLimited, ValidationFailed
from domain.messages.notice import COOL_DOWN, Notice
from models.queries import messages, users
from models.user import User

Check = Callable[[User], None]
_OVER: Final = "This is not valid: it is wrong, was used, has expired, or a newer one was sent."


def not_valid(pointer: str) -> ValidationFailed:
    """Refuse a token or a code; which of the reasons it is, is nobody's business."""
    return ValidationFailed(pointer, _OVER)


async def ask(
    services: Services, user_id: UUID, notice: Notice, attempt: Attempt, check: Check
) -> Queued:
    """Have a proof sent, unless another one was sent just now.

    Args:
        services: What this process holds.
        user_id: Who asks, and is written to.
        notice: What is sent.
        attempt: Names the message, so that a repeat sends no second one.
        check: Raises if the account has nothing to prove.

    Raises:
        RateLimited: One was asked for less than half a minute ago.
    """
    async with services.sessions.begin() as session:
        # Those who ask at the same moment take turns, and the later ones find the first message.
        check(await users.lock(session, user_id))
        ago = await messages.since_last(session, user_id, notice.kind, but=attempt.resource_id)
        if ago is not None and ago < COOL_DOWN:
            raise RateLimited(COOL_DOWN - max(ago, timedelta()))
        message_id = await messages.queue(session, notice, attempt.resource_id)
    await services.messages.start(message_id)
    return Queued()
