"""What the first start, and the first one after an update, has to do in the database."""

from alembic import command
from alembic.config import Config

from api.accounts.passwords import hash_password
from models.base import new_id
from models.database import Sessions, connected, sessions_of
from models.queries import users
from models.user import UserRole
from sandbox.accounts import Account, admin, operator
from sandbox.environment import ROOT
from sandbox.secrets import Secrets


def migrate() -> None:
    """Bring the tables up to date; the environment names the database."""
    command.upgrade(Config(ROOT / "alembic.ini"), "head")


async def open_accounts(database_url: str, secrets: Secrets) -> None:
    """Make the sandbox's accounts where they are missing."""
    async with connected(database_url, pool_size=1) as engine:
        sessions = sessions_of(engine)
        await _open(sessions, operator(secrets), "Sandbox operator", UserRole.OPERATOR)
        await _open(sessions, admin(secrets), "Sandbox administrator", UserRole.ADMIN)


async def _open(sessions: Sessions, account: Account, full_name: str, role: UserRole) -> None:
    async with sessions.begin() as session:
        if await users.by_email(session, account.email) is not None:
            return
        await users.insert_once(
            session,
            new_id(),
            email=account.email,
            full_name=full_name,
            password_hash=hash_password(account.password),
            locale="en",
            role=role,
            email_verified=True,
        )
