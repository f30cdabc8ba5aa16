"""Makes an administrator without asking one: for `./assets create-admin`, and for nobody else."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import TypeAdapter

from api.accounts.passwords import hash_chosen
from api.schemas.auth import Email
from domain.audit import AuditAction, AuditLine
from domain.errors import EmailTaken
from models.base import new_id
from models.database import Sessions, connected, sessions_of
from models.queries import audit, users
from models.user import UserRole

_ADDRESS: TypeAdapter[str] = TypeAdapter(Email)


class NotAnAdministrator(Exception):
    """The address belongs to somebody else, perhaps because they registered it to become one."""


def address(text: str) -> str:
    """Return an e-mail address as accounts have it.

    Raises:
        ValueError: It is none.
    """
    return _ADDRESS.validate_python(text)


def new_password() -> str:
    return secrets.token_urlsafe(18)


async def is_there(database_url: str, email: str) -> bool:
    """Tell whether an active administrator has this address.

    Raises:
        NotAnAdministrator: The account of this address is another's, or closed.
    """
    async with _database(database_url) as sessions:
        return await _is_there(sessions, email)


async def create(database_url: str, email: str, password: str) -> bool:
    """Make an administrator, and log it; False if there is one of this address.

    Raises:
        ValidationFailed: The password is too weak.
        NotAnAdministrator: The account of this address is another's, or closed.
    """
    hashed = hash_chosen(password, email, "/password")
    async with _database(database_url) as sessions:
        try:
            await _insert(sessions, email, hashed)
        except EmailTaken:
            return not await _is_there(sessions, email)
    return True


async def _insert(sessions: Sessions, email: str, hashed: str) -> None:
    user_id, role = new_id(), UserRole.ADMIN
    async with sessions.begin() as session:
        await users.insert_once(
            session,
            user_id,
            email=email,
            full_name="Administrator",
            password_hash=hashed,
            role=role,
            email_verified=True,  # whoever has this command can reach the database itself
        )
        facts = {"role": role.value, "by": "command"}
        line = AuditLine(AuditAction.REGISTERED, None, f"user:{user_id}", details=facts)
        await audit.record(session, line)


async def _is_there(sessions: Sessions, email: str) -> bool:
    async with sessions() as session:
        user = await users.by_email(session, email)
    if user is None:
        return False
    if user.role is not UserRole.ADMIN or not user.is_active:
        state = user.role.value if user.is_active else "closed"
        raise NotAnAdministrator(
            f"The account of {email} is {state}. An administrator can change that under "
            "/ops/users/; for the first one take another address."
        )
    return True


@asynccontextmanager
async def _database(url: str) -> AsyncIterator[Sessions]:
    async with connected(url, pool_size=1) as engine:
        yield sessions_of(engine)
