"""/ops/users: everybody's accounts for operators; their roles, and whether they are open."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.accounts.administrator import Administrator
from api.deps import Admin, Held, Idempotent, Operator, Session
from api.idempotency import Attempt
from api.origin import FromCaller
from api.pages import Cursor, Limit, cut, key_in
from api.paths import PREFIX
from api.refusals import refusals
from api.schemas.common import Page, Typed
from api.schemas.ops_users import OperatorUserOut, UserChange
from models.queries import administration
from models.queries.administration import AccountFilter
from models.user import UserRole

router = APIRouter(prefix=f"{PREFIX}/ops/users", tags=["operators"])
_OPERATOR: Final = ("not_authenticated", "forbidden")


@router.get("/", responses=refusals(*_OPERATOR, "validation_error"))
async def list_users(
    session: Session,
    _: Operator,
    q: Annotated[Typed | None, Query(description="The beginning of the e-mail address.")] = None,
    role: Annotated[UserRole | None, Query()] = None,
    is_active: Annotated[bool | None, Query(description="`false`: those that are closed.")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[OperatorUserOut]:
    """List accounts, newest first."""
    wanted = AccountFilter(q.lower() if q else None, role, is_active)
    before = key_in(cursor, UUID)
    rows = await administration.page(session, wanted, before=before, limit=limit + 1)
    shown, following = cut(rows, limit, lambda user: user.id)
    return Page(items=[OperatorUserOut.of(user) for user in shown], next=following)


@router.get("/{user_id}/", responses=refusals(*_OPERATOR, "not_found"))
async def read_user(user_id: UUID, session: Session, _: Operator) -> OperatorUserOut:
    """Return one account."""
    return OperatorUserOut.of(await administration.get(session, user_id))


@router.patch(
    "/{user_id}/",
    response_model=OperatorUserOut,
    responses=refusals(
        *_OPERATOR,
        "csrf_failed",
        "not_found",
        "validation_error",
        "idempotency_key_reused",
        "payload_too_large",
        "unsupported_media_type",
    ),
)
async def change_user(
    user_id: UUID,
    body: UserChange,
    admin: Admin,
    origin: FromCaller,
    services: Held,
    idempotency: Idempotent,
) -> Response:
    """Administrator: give somebody a role, close their account, or open it again.

    Their logins end at once. Nobody changes their own account here, so that an administrator is
    always left.
    """

    async def change(_: Attempt) -> OperatorUserOut:
        word = Administrator(admin.id, origin)
        changed, message_id = await word.change(
            services.sessions, user_id, body.role, is_active=body.is_active
        )
        if message_id is not None:
            await services.messages.start(message_id)
        return OperatorUserOut.of(changed)

    return await idempotency.run(change)
