"""What administrators may change of other people's accounts."""

from collections.abc import Collection
from uuid import UUID

from domain.errors import Forbidden


def check(by: UUID, user_id: UUID, admins: Collection[UUID]) -> None:
    """Refuse what would leave the platform without an administrator, or what is nobody's right.

    Whoever changes an account is an administrator before and after it, because they never change
    their own. So there is always one left, as long as two of them cannot act at the same moment.

    Args:
        by: Who changes the account.
        user_id: Whose account it is.
        admins: All active administrators, none of whom changes until this is decided.

    Raises:
        Forbidden: It is one's own account, or one is not an administrator any more.
    """
    if by not in admins:
        raise Forbidden("This is for administrators.")
    if by == user_id:
        raise Forbidden("Another administrator changes your own role, and closes your account.")
