"""Accounts as operators find them, and as administrators change them: never their own."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select

from models.audit import AuditRow
from models.database import Sessions
from models.message import MessageRow
from models.user import User, UserRole
from tests import given
from tests.api.conftest import promote
from tests.api.people import PASSWORD, Person, join, problem

USERS = "/ops/users/"


def user(person: Person) -> str:
    return f"{USERS}{person.id}/"


async def audited(sessions: Sessions, person: Person) -> list[tuple[str, str | None, Any]]:
    """What an administrator did to somebody: the action, who, and the facts."""
    statement = (
        select(AuditRow)
        .where(
            AuditRow.object == f"user:{person.id}",
            AuditRow.action.in_(["role_changed", "account_closed", "account_opened"]),
        )
        .order_by(AuditRow.seq)
    )
    async with sessions() as session:
        rows = await session.scalars(statement)
    return [(row.action, str(row.actor_id), row.details) for row in rows]


async def test_only_operators_read_accounts_and_only_administrators_change_them(
    sara: Person, omid: Person, operator: Person, admin: Person
) -> None:
    problem(await sara.call("GET", USERS), 403, "forbidden")
    problem(await sara.call("GET", user(sara)), 403, "forbidden")
    problem(await operator.call("PATCH", user(omid), {"role": "operator"}), 403, "forbidden")
    problem(await sara.call("PATCH", user(sara), {"role": "admin"}), 403, "forbidden")

    seen = await operator.get(user(omid))

    assert seen == await admin.get(user(omid))
    assert seen.keys() == {
        "id", "email", "email_verified", "full_name", "role", "is_active", "locale", "created_at",
    }  # fmt: skip
    assert (seen["email"], seen["role"], seen["is_active"]) == (omid.email, "user", True)
    problem(await operator.call("GET", f"{USERS}{uuid4()}/"), 404, "not_found")
    problem(await admin.call("PATCH", f"{USERS}{uuid4()}/", {"role": "user"}), 404, "not_found")


async def test_accounts_are_found_by_the_beginning_of_their_address(
    sessions: Sessions, operator: Person
) -> None:
    mark = uuid4().hex
    wanted = [
        await given.a_user(sessions, email=f"{mark}-{name}@example.com")
        for name in ("1%", "1_", "2")
    ]
    await given.a_user(sessions, email=f"x{mark}@example.com")

    found = await operator.get(USERS, q=f"{mark.upper()}-")
    literal = await operator.get(USERS, q=f"{mark}-1%")
    nothing = await operator.get(USERS, q=f"{mark}-%")

    assert [one["id"] for one in found["items"]] == [str(one) for one in reversed(wanted)]
    assert [one["id"] for one in literal["items"]] == [str(wanted[0])]
    assert nothing["items"] == []


async def test_accounts_are_filtered_and_read_in_pages(
    sessions: Sessions, operator: Person
) -> None:
    mark = uuid4().hex
    ids = [
        await given.a_user(
            sessions,
            email=f"{mark}-{number}@example.com",
            role=UserRole.OPERATOR if number % 2 else UserRole.USER,
            is_active=number < 4,
        )
        for number in range(6)
    ]

    async def listed(**query: Any) -> list[str]:
        page = await operator.get(USERS, q=mark, **query)
        return [one["id"] for one in page["items"]]

    newest_first = [str(one) for one in reversed(ids)]
    assert await listed(role="operator") == newest_first[0::2]
    assert await listed(is_active=False) == newest_first[:2]
    assert await listed(role="operator", is_active=True) == [newest_first[2], newest_first[4]]
    seen, cursor = [], None
    for _ in range(3):
        more: dict[str, Any] = {"cursor": cursor} if cursor else {}
        page = await operator.get(USERS, q=mark, limit=2, **more)
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
    assert (seen, cursor) == (newest_first, None)


async def test_a_new_role_is_told_logged_and_ends_every_login(
    http: httpx.AsyncClient, sessions: Sessions, admin: Person, omid: Person
) -> None:
    changed = await admin.patch(user(omid), {"role": "operator"})

    assert changed["role"] == "operator"
    problem(await omid.call("GET", "/auth/me/"), 401, "not_authenticated")
    spent = {"refresh_token": omid.refresh_token}
    assert (await http.post("/api/v1/auth/refresh/", json=spent)).status_code == 401
    credentials = {"email": omid.email, "password": PASSWORD}
    assert (await http.post("/api/v1/auth/token/", json=credentials)).status_code == 200
    assert await audited(sessions, omid) == [
        ("role_changed", admin.id, {"from": "user", "to": "operator"})
    ]
    async with sessions() as session:
        told = await session.scalars(
            select(MessageRow).where(
                MessageRow.user_id == UUID(omid.id), MessageRow.kind == "role_changed"
            )
        )
        assert [message.facts for message in told] == [{"role": "operator"}]


async def test_a_closed_account_is_shut_at_once_and_can_be_opened_again(
    http: httpx.AsyncClient, sessions: Sessions, admin: Person, omid: Person
) -> None:
    credentials = {"email": omid.email, "password": PASSWORD}
    closed = await admin.patch(user(omid), {"is_active": False})

    assert closed["is_active"] is False
    problem(await omid.call("GET", "/auth/me/"), 401, "not_authenticated")
    problem(await http.post("/api/v1/auth/token/", json=credentials), 401, "invalid_credentials")
    await admin.patch(user(omid), {"is_active": True})

    problem(await omid.call("GET", "/auth/me/"), 401, "not_authenticated")  # the old login is over
    assert (await http.post("/api/v1/auth/token/", json=credentials)).status_code == 200
    assert [action for action, *_ in await audited(sessions, omid)] == [
        "account_closed",
        "account_opened",
    ]


async def test_what_is_so_already_changes_nothing(
    sessions: Sessions, admin: Person, omid: Person
) -> None:
    same = await admin.patch(user(omid), {"role": "user", "is_active": True})
    nothing = await admin.patch(user(omid), {})

    assert same == nothing
    assert await audited(sessions, omid) == []
    assert (await omid.get("/auth/me/"))["id"] == omid.id


async def test_a_repeated_request_has_one_line_and_one_message(
    sessions: Sessions, admin: Person, omid: Person
) -> None:
    key = uuid4().hex

    first = await admin.patch(user(omid), {"role": "admin"}, key=key)
    again = await admin.patch(user(omid), {"role": "admin"}, key=key)

    assert first == again
    assert len(await audited(sessions, omid)) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"role": "root"},
        {"role": None},
        {"is_active": None},
        {"is_active": "no"},
        {"email": "x@y.z"},
    ],
)
async def test_what_cannot_be_changed_is_refused(
    admin: Person, omid: Person, body: dict[str, object]
) -> None:
    problem(await admin.call("PATCH", user(omid), body), 422, "validation_error")


@pytest.mark.parametrize("body", [{"role": "user"}, {"is_active": False}, {"role": "admin"}])
async def test_nobody_changes_their_own_account(admin: Person, body: dict[str, object]) -> None:
    problem(await admin.call("PATCH", user(admin), body), 403, "forbidden")

    assert (await admin.get("/auth/me/"))["role"] == "admin"


@pytest.mark.parametrize("word", [{"role": "user"}, {"is_active": False}])
async def test_of_two_administrators_who_shut_each_other_out_one_stays(
    http: httpx.AsyncClient, sessions: Sessions, word: dict[str, object]
) -> None:
    for _ in range(8):
        one = await promote(sessions, await join(http), UserRole.ADMIN)
        other = await promote(sessions, await join(http), UserRole.ADMIN)

        answers = await asyncio.gather(
            one.call("PATCH", user(other), word), other.call("PATCH", user(one), word)
        )

        # The second one's request came with a login that has ended meanwhile, or waited for the
        # first one's and found that its caller is no administrator any more.
        assert sorted(answer.status_code for answer in answers) in ([200, 401], [200, 403])
        async with sessions() as session:
            left = await session.scalar(
                select(func.count()).where(
                    User.id.in_([UUID(one.id), UUID(other.id)]),
                    User.role == UserRole.ADMIN,
                    User.is_active,
                )
            )
        assert left == 1
