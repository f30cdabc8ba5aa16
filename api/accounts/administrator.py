"""What an administrator's word does to an account: one transaction, told and logged with it."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.administration import check
from domain.audit import AuditAction, AuditLine, Origin
from domain.messages.notice import Notice, NoticeKind
from models.database import Sessions
from models.queries import administration, audit, messages, sessions
from models.user import User, UserRole


@dataclass(frozen=True)
class Administrator:
    """Who acts, and where from."""

    id: UUID
    origin: Origin

    async def change(
        self, database: Sessions, user_id: UUID, role: UserRole | None, *, is_active: bool | None
    ) -> tuple[User, UUID | None]:
        """Change an account, and end its logins if anything changed. Twice is once.

        Returns:
            The account as it is then, and the message that tells of a new role, if there is one.
        """
        async with database.begin() as session:
            # First, so that of two who demote each other the second one finds that they cannot.
            check(self.id, user_id, await administration.lock_admins(session))
            user = await administration.lock(session, user_id)
            lines = [*self._new_role(user, role), *self._new_state(user, is_active=is_active)]
            for line in lines:
                await audit.record(session, line)
            if lines:
                await sessions.revoke_all(session, user.id)
            is_promoted = any(line.action is AuditAction.ROLE_CHANGED for line in lines)
            return user, await _tell(session, user) if is_promoted else None

    def _new_role(self, user: User, role: UserRole | None) -> list[AuditLine]:
        before = user.role
        if role is None or role is before:
            return []
        user.role = role
        facts = {"from": before.value, "to": role.value}
        return [self._line(AuditAction.ROLE_CHANGED, user, facts)]

    def _new_state(self, user: User, *, is_active: bool | None) -> list[AuditLine]:
        if is_active is None or is_active is user.is_active:
            return []
        user.is_active = is_active
        action = AuditAction.ACCOUNT_OPENED if is_active else AuditAction.ACCOUNT_CLOSED
        return [self._line(action, user, {})]

    def _line(self, action: AuditAction, user: User, facts: dict[str, str]) -> AuditLine:
        return AuditLine(action, self.id, f"user:{user.id}", self.origin, facts)


async def _tell(session: AsyncSession, user: User) -> UUID:
    facts = {"role": user.role.value}
    return await messages.queue(session, Notice(NoticeKind.ROLE_CHANGED, user.id, facts=facts))
