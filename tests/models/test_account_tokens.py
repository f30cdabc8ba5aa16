"""Secrets that prove an address: one of each purpose lives, and guesses are counted exactly."""

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.messages.notice import CODE_ATTEMPTS, NoticeKind
from models.account_secrets import AccountSecrets, new_code, token_digest
from models.database import Sessions
from models.queries import account_tokens
from models.queries.account_tokens import Guess, Issued
from tests import given

SECRETS = AccountSecrets.under(b"an index key of enough characters")
CODE, LINK = NoticeKind.PHONE_CODE, NoticeKind.PASSWORD_RESET


async def sent(sessions: Sessions, user_id: UUID, purpose: NoticeKind) -> str:
    secret, digest = SECRETS.new(purpose, user_id)
    async with sessions.begin() as session:
        await account_tokens.issue(session, Issued(user_id, purpose, digest, b"t" * 16))
    return secret


async def guessed(
    sessions: Sessions, user_id: UUID, code: str, command: UUID | None = None
) -> Guess:
    digest = SECRETS.code_digest(user_id, code)
    async with sessions.begin() as session:
        return await account_tokens.guess(session, user_id, CODE, digest, command or uuid4())


def wrong(code: str, number: int = 1) -> str:
    return f"{(int(code) + number) % 10**6:06}"


async def used(sessions: Sessions, token: str, command: UUID | None = None) -> UUID | None:
    async with sessions.begin() as session:
        return await account_tokens.use(session, LINK, token_digest(token), command or uuid4())


@pytest.mark.parametrize("tries", [CODE_ATTEMPTS - 1, CODE_ATTEMPTS])
async def test_a_code_is_right_within_its_attempts(sessions: Sessions, tries: int) -> None:
    user_id = await given.a_user(sessions)
    code = await sent(sessions, user_id, CODE)
    for number in range(tries):
        assert not (await guessed(sessions, user_id, wrong(code, number + 1))).is_right

    assert (await guessed(sessions, user_id, code)).is_right is (tries < CODE_ATTEMPTS)


async def test_of_many_guesses_at_once_only_the_allowed_ones_are_compared(
    sessions: Sessions,
) -> None:
    user_id = await given.a_user(sessions)
    code = await sent(sessions, user_id, CODE)

    await asyncio.gather(
        *(guessed(sessions, user_id, wrong(code, number + 1)) for number in range(30))
    )

    async with sessions() as session:
        attempts = await session.scalar(
            text("SELECT attempts FROM account_tokens WHERE user_id = :id"), {"id": user_id}
        )
    assert attempts == CODE_ATTEMPTS
    assert not (await guessed(sessions, user_id, code)).is_right


async def test_a_code_is_used_once_and_its_own_command_may_come_again(sessions: Sessions) -> None:
    user_id, command = await given.a_user(sessions), uuid4()
    code = await sent(sessions, user_id, CODE)

    assert (await guessed(sessions, user_id, code, command)) == Guess(True, b"t" * 16)
    assert (await guessed(sessions, user_id, code, command)).is_right
    assert not (await guessed(sessions, user_id, wrong(code), command)).is_right
    assert not (await guessed(sessions, user_id, code)).is_right


async def test_of_many_uses_of_a_link_at_once_one_counts(sessions: Sessions) -> None:
    user_id = await given.a_user(sessions)
    token = await sent(sessions, user_id, LINK)

    outcomes = await asyncio.gather(*(used(sessions, token) for _ in range(10)))

    assert sorted(outcomes, key=str) == sorted([user_id, *[None] * 9], key=str)


async def test_a_new_secret_kills_the_one_before_and_no_others(sessions: Sessions) -> None:
    user_id, other = await given.a_user(sessions), await given.a_user(sessions)
    older = await sent(sessions, user_id, LINK)
    code = await sent(sessions, user_id, CODE)
    others = await sent(sessions, other, LINK)

    newer = await sent(sessions, user_id, LINK)

    assert await used(sessions, older) is None
    assert await used(sessions, newer) == user_id
    assert await used(sessions, others) == other
    assert (await guessed(sessions, user_id, code)).is_right


async def test_a_used_secret_is_followed_by_one_that_works(sessions: Sessions) -> None:
    user_id = await given.a_user(sessions)
    code = await sent(sessions, user_id, CODE)
    for _ in range(CODE_ATTEMPTS):
        await guessed(sessions, user_id, wrong(code))

    assert (await guessed(sessions, user_id, await sent(sessions, user_id, CODE))).is_right
    assert (await guessed(sessions, user_id, await sent(sessions, user_id, CODE))).is_right


@pytest.mark.parametrize("purpose", [CODE, LINK])
async def test_what_has_expired_is_refused(sessions: Sessions, purpose: NoticeKind) -> None:
    user_id = await given.a_user(sessions)
    secret = await sent(sessions, user_id, purpose)
    async with sessions.begin() as session:
        await session.execute(
            text("UPDATE account_tokens SET expires_at = clock_timestamp() WHERE user_id = :id"),
            {"id": user_id},
        )

    if purpose is CODE:
        assert not (await guessed(sessions, user_id, secret)).is_right
    else:
        assert await used(sessions, secret) is None


def test_codes_have_six_digits_and_tokens_256_bits() -> None:
    codes = {new_code() for _ in range(1000)}
    token, digest = SECRETS.new(LINK, uuid4())

    assert all(len(code) == 6 and code.isdigit() for code in codes)
    assert len(codes) > 900
    assert (len(token), len(digest)) == (43, 32)


def test_one_code_is_stored_differently_for_each_user_and_key() -> None:
    other = AccountSecrets.under(b"another index key, also long enough")
    user_id = uuid4()

    stored = {
        SECRETS.code_digest(user_id, "123456"),
        SECRETS.code_digest(uuid4(), "123456"),
        other.code_digest(user_id, "123456"),
    }

    assert len(stored) == 3
