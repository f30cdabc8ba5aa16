"""People who have an account here, with a password, and what they do with a provider."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from domain.messages.notice import NoticeKind
from models.database import Sessions
from models.message import MessageRow
from models.user import User
from tests.api.people import PASSWORD, Person
from tests.oidc.traveller import Traveller

LOGIN = "/api/v1/auth/login/"


async def prove(sessions: Sessions, sara: Person, *, proven: bool = True) -> None:
    async with sessions.begin() as session:
        statement = update(User).where(User.id == UUID(sara.id))
        await session.execute(statement.values(email_verified=proven))


async def log_in(traveller: Traveller, sara: Person) -> None:
    body = {"email": sara.email, "password": PASSWORD}
    assert (await traveller.browser.post(LOGIN, json=body)).status_code == 200


async def finish(traveller: Traveller, started: Any) -> str:
    """Go where a link begins, and return the code of its refusal, or nothing."""
    assert started.status_code == 200, started.text
    callback = await traveller.consent(started.json()["redirect_url"])
    answer = await traveller.ask_back(callback)
    if answer.status_code == 303:
        assert "set-cookie" not in answer.headers
        return ""
    return str(answer.json()["code"])


async def notices(sessions: Sessions, user_id: str) -> list[tuple[NoticeKind, dict[str, Any]]]:
    statement = select(MessageRow).where(MessageRow.user_id == UUID(user_id))
    async with sessions() as session:
        rows = await session.scalars(statement.order_by(MessageRow.id))
        return [(row.kind, row.facts) for row in rows]
