"""A phone number is proven by a code, within a few attempts, by one account; stored encrypted."""

import asyncio
import random
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text, update

from domain.audit import AuditAction
from models.account_token import AccountToken
from models.database import Sessions
from models.message import MessageRow
from models.user import User
from tests.api.people import Person, problem
from tests.api.told import audited_of
from tests.outbox import Outbox

pytestmark = pytest.mark.usefixtures("worker")
ASK, CONFIRM = "/auth/phone/verify/", "/auth/phone/verify/confirm/"


@pytest.fixture
def outbox(gateway: httpx.AsyncClient) -> Outbox:
    return Outbox(gateway)


@pytest.fixture
def dialled() -> str:
    """A number that nobody else here has, as it is dialled in Iran."""
    return f"09{random.randrange(10**9):09}"


@pytest.fixture
def national_id() -> str:
    """One that nobody else here has."""
    digits = f"{random.randrange(1, 10**9):09}"
    rest = sum(int(digit) * (10 - place) for place, digit in enumerate(digits)) % 11
    return f"{digits}{rest if rest < 2 else 11 - rest}"


async def grow_old(sessions: Sessions, person: Person) -> None:
    async with sessions.begin() as session:
        await session.execute(
            update(MessageRow)
            .where(MessageRow.user_id == UUID(person.id))
            .values(created_at=text("created_at - interval '31 seconds'"))
        )


async def code_for(person: Person, outbox: Outbox, dialled: str, number: int = 1) -> str:
    """Store a number in somebody's profile, and return the code that was sent to it."""
    await person.patch("/auth/me/", {"phone": dialled})
    asked = await person.call("POST", ASK)
    assert (asked.status_code, asked.json()) == (202, {"status": "queued"}), asked.text
    return await outbox.code(dialled, number)


async def test_a_code_proves_a_number(
    sara: Person, outbox: Outbox, dialled: str, sessions: Sessions
) -> None:
    code = await code_for(sara, outbox, dialled)
    assert (await sara.get("/auth/me/"))["phone_verified"] is False

    answer = await sara.call("POST", CONFIRM, {"code": code})

    assert (answer.status_code, answer.content) == (204, b"")
    user = await sara.get("/auth/me/")
    assert (user["phone"], user["phone_verified"]) == (f"+98{dialled[1:]}", True)
    lines = [line.action for line in await audited_of(sessions, sara)]
    assert lines.count(AuditAction.PHONE_VERIFIED) == 1


async def test_a_code_may_come_in_persian_digits(
    sara: Person, outbox: Outbox, dialled: str
) -> None:
    code = await code_for(sara, outbox, dialled)
    persian = code.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))

    assert (await sara.call("POST", CONFIRM, {"code": persian})).status_code == 204


def another(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


async def test_after_five_wrong_codes_the_right_one_is_refused(
    sara: Person, outbox: Outbox, dialled: str, sessions: Sessions
) -> None:
    code = await code_for(sara, outbox, dialled)
    async with sessions.begin() as session:
        await session.execute(
            update(AccountToken)
            .where(AccountToken.user_id == UUID(sara.id))
            .values(attempts=AccountToken.attempts + 4)
        )
    first = await sara.call("POST", CONFIRM, {"code": another(code)})

    right = await sara.call("POST", CONFIRM, {"code": code})

    refusals = [problem(answer, 422, "validation_error") for answer in (first, right)]
    assert refusals[0]["errors"] == refusals[1]["errors"]
    assert refusals[0]["errors"][0]["pointer"] == "/code"
    assert (await sara.get("/auth/me/"))["phone_verified"] is False


async def test_the_fifth_attempt_still_counts(
    sara: Person, outbox: Outbox, dialled: str, sessions: Sessions
) -> None:
    code = await code_for(sara, outbox, dialled)
    async with sessions.begin() as session:
        await session.execute(
            update(AccountToken)
            .where(AccountToken.user_id == UUID(sara.id))
            .values(attempts=AccountToken.attempts + 4)
        )

    assert (await sara.call("POST", CONFIRM, {"code": code})).status_code == 204


async def test_codes_are_asked_for_once_in_half_a_minute_however_many_ask(
    sara: Person, outbox: Outbox, dialled: str
) -> None:
    await sara.patch("/auth/me/", {"phone": dialled})

    answers = await asyncio.gather(*(sara.call("POST", ASK) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [202, 429, 429, 429, 429]
    await outbox.code(dialled)
    assert len(await outbox.to(dialled)) == 1


async def test_a_code_for_one_number_does_not_prove_another(
    sara: Person, outbox: Outbox, dialled: str
) -> None:
    code = await code_for(sara, outbox, dialled)
    await sara.patch("/auth/me/", {"phone": "+4915112345678"})

    problem(await sara.call("POST", CONFIRM, {"code": code}), 422, "validation_error")

    assert (await sara.get("/auth/me/"))["phone_verified"] is False


async def test_another_number_is_unverified_again_and_the_same_one_is_not(
    sara: Person, outbox: Outbox, dialled: str
) -> None:
    await sara.call("POST", CONFIRM, {"code": await code_for(sara, outbox, dialled)})

    written = f"+98 {dialled[1:4]} {dialled[4:7]} {dialled[7:]}"
    same = await sara.patch("/auth/me/", {"phone": written})
    other = await sara.patch("/auth/me/", {"phone": "+4915112345678"})

    assert (same["phone"], same["phone_verified"]) == (f"+98{dialled[1:]}", True)
    assert (other["phone"], other["phone_verified"]) == ("+4915112345678", False)


async def test_a_number_belongs_to_the_account_that_proved_it(
    sara: Person, omid: Person, outbox: Outbox, dialled: str
) -> None:
    hers = await code_for(sara, outbox, dialled)
    his = await code_for(omid, outbox, dialled, 2)

    assert (await sara.call("POST", CONFIRM, {"code": hers})).status_code == 204
    refused = problem(await omid.call("POST", CONFIRM, {"code": his}), 409, "phone_taken")

    assert dialled[1:] not in str(refused)
    assert (await omid.get("/auth/me/"))["phone_verified"] is False


async def test_somebody_elses_code_is_worth_nothing(
    sara: Person, omid: Person, outbox: Outbox, dialled: str
) -> None:
    code = await code_for(sara, outbox, dialled)
    await omid.patch("/auth/me/", {"phone": "+4915112345678"})

    problem(await omid.call("POST", CONFIRM, {"code": code}), 422, "validation_error")


async def test_without_a_number_there_is_nothing_to_verify(sara: Person) -> None:
    problem(await sara.call("POST", ASK), 422, "validation_error")


async def test_what_is_verified_is_not_verified_again(
    sara: Person, outbox: Outbox, dialled: str, sessions: Sessions
) -> None:
    await sara.call("POST", CONFIRM, {"code": await code_for(sara, outbox, dialled)})
    await grow_old(sessions, sara)

    refused = problem(await sara.call("POST", ASK), 409, "illegal_transition")

    assert refused["facts"] == {"status": "verified"}


async def test_number_and_code_are_nowhere_in_clear(
    sara: Person, outbox: Outbox, dialled: str, national_id: str, sessions: Sessions
) -> None:
    code = await code_for(sara, outbox, dialled)
    await sara.patch("/auth/me/", {"national_id": national_id})

    async with sessions() as session:
        user = await session.get_one(User, UUID(sara.id))
        rows = await session.execute(
            text("SELECT u::text FROM users u UNION ALL SELECT t::text FROM account_tokens t")
        )
        stored = " ".join(rows.scalars())
    assert user.phone
    assert user.phone_index
    assert len(user.phone_index) == 16
    for secret in (dialled[1:], code, national_id):
        assert secret not in stored
        assert secret.encode().hex() not in stored


async def test_a_national_id_is_checked_and_shown_by_its_end(
    sara: Person, national_id: str
) -> None:
    persian = national_id.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    user = await sara.patch("/auth/me/", {"national_id": f"{persian[:3]}-{persian[3:]}"})
    assert user["national_id_end"] == national_id[-4:]
    assert "national_id" not in user

    wrong = national_id[:-1] + str((int(national_id[-1]) + 1) % 10)
    refused = await sara.call("PATCH", "/auth/me/", {"national_id": wrong})
    body = problem(refused, 422, "validation_error")
    assert body["errors"][0]["pointer"] == "/national_id"
    assert wrong not in refused.text
    assert (await sara.patch("/auth/me/", {"national_id": None}))["national_id_end"] is None


async def test_a_national_id_belongs_to_one_account(
    sara: Person, omid: Person, national_id: str
) -> None:
    await sara.patch("/auth/me/", {"national_id": national_id})
    await sara.patch("/auth/me/", {"national_id": national_id})

    refused = await omid.call("PATCH", "/auth/me/", {"national_id": national_id})

    body = problem(refused, 409, "national_id_taken")
    assert national_id not in str(body)
