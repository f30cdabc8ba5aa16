"""What people are told, and which of it they want: their own only, and never a secret."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import event

from domain.messages.notice import SECURITY, Channel, MessageStatus, NoticeKind
from models.database import Sessions
from tests import given
from tests.api.people import Person, join, problem

PREFERENCES = "/notifications/preferences/"
QUIET = {"starts": "22:30", "ends": "07:00", "time_zone": "Asia/Tehran"}
LOUD = {"kind": "transfer_received", "channel": "sms", "is_wanted": True}


async def told(sessions: Sessions, person: Person, **changes: Any) -> str:
    return str(await given.a_message(sessions, UUID(person.id), **changes))


async def speak_english(person: Person) -> None:
    await person.patch("/auth/me/", {"locale": "en"})


async def test_people_see_what_they_were_told_newest_first_and_nobody_elses(
    sessions: Sessions, sara: Person, omid: Person
) -> None:
    ticket_id = uuid4()
    waiting = await told(sessions, sara, channel=Channel.SMS, status=MessageStatus.QUEUED)
    about_a_loan = await told(sessions, sara, ticket_id=ticket_id)
    await told(sessions, omid)
    await speak_english(sara)

    first = await sara.get("/notifications/", limit=1)
    second = await sara.get("/notifications/", limit=1, cursor=first["next"])

    [newest], [older] = first["items"], second["items"]
    assert newest == {
        "id": about_a_loan,
        "channel": "email",
        "kind": "transfer_received",
        "message": newest["message"],
        "status": "sent",
        "ticket_id": str(ticket_id),
        "read_at": None,
        "created_at": newest["created_at"],
    }
    assert "1,000" in newest["message"]
    assert (older["id"], older["status"], older["channel"]) == (waiting, "queued", "sms")
    problem(await sara.call("GET", "/notifications/", cursor="no"), 422, "validation_error")


async def test_a_message_is_told_in_its_readers_language(sessions: Sessions, sara: Person) -> None:
    message_id = await told(sessions, sara)

    in_persian = (await sara.get("/notifications/"))["items"][0]
    await speak_english(sara)
    in_english = (await sara.get("/notifications/"))["items"][0]

    assert in_persian["id"] == in_english["id"] == message_id
    assert "کیف پول" in in_persian["message"]
    assert "wallet" in in_english["message"]


@pytest.mark.parametrize("kind", list(NoticeKind))
async def test_every_kind_can_be_told_in_a_line_and_shows_no_secret(
    sessions: Sessions, sara: Person, kind: NoticeKind
) -> None:
    await told(sessions, sara, kind=kind, facts={"payment_id": str(uuid4())})
    await speak_english(sara)

    message = (await sara.get("/notifications/"))["items"][0]["message"]

    assert 5 < len(message) < 300
    assert "\n" not in message
    assert "{" not in message
    assert "http" not in message
    expected = {
        NoticeKind.PHONE_CODE: "Your code",
        NoticeKind.PASSWORD_RESET: "Choose a new password",
        NoticeKind.EMAIL_VERIFICATION: "Confirm your e-mail address",
    }
    assert message == expected.get(kind, message)


async def test_the_list_costs_one_statement_beside_the_login(
    browser: httpx.AsyncClient, sessions: Sessions
) -> None:
    person = await join(browser)
    for _ in range(3):
        await told(sessions, person)
    transport: Any = browser._transport
    pool = transport.app.state.services.sessions.kw["bind"].sync_engine
    statements: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    event.listen(pool, "before_cursor_execute", note)
    try:
        for path in ("/notifications/", PREFERENCES):
            before = len(statements)
            await person.get(path)
            assert len(statements) - before == 2, statements
    finally:
        event.remove(pool, "before_cursor_execute", note)


async def test_read_is_said_once_however_often_it_is_said(
    sessions: Sessions, sara: Person, omid: Person
) -> None:
    path = f"/notifications/{await told(sessions, sara)}/read/"

    first = await sara.patch(path, {}, key="read-it")
    again = await sara.call("PATCH", path)
    repeated = await sara.call("PATCH", path, {}, key="read-it")

    assert first["read_at"]
    assert again.json() == repeated.json() == first
    assert repeated.headers["idempotency-replayed"] == "true"
    assert (await sara.get("/notifications/"))["items"][0]["read_at"] == first["read_at"]
    problem(await omid.call("PATCH", path), 404, "not_found")
    problem(await sara.call("PATCH", f"/notifications/{uuid4()}/read/"), 404, "not_found")
    problem(await sara.call("PATCH", path, {"read": True}), 422, "validation_error")


async def test_preferences_begin_with_what_is_usual(sara: Person) -> None:
    found = await sara.get(PREFERENCES)

    assert found["quiet_hours"] is None
    table = {(one["kind"], one["channel"]): one for one in found["preferences"]}
    assert set(table) == {(kind, channel) for kind in NoticeKind for channel in Channel}
    locked = {kind for (kind, _), one in table.items() if one["is_locked"]}
    assert locked == set(SECURITY)
    wanted = {key for key, one in table.items() if one["is_wanted"]}
    assert {kind for kind, channel in wanted if channel == "email"} == (
        set(NoticeKind) - {NoticeKind.PHONE_CODE}
    )
    assert ("phone_code", "sms") in wanted
    assert ("ticket_ending", "sms") in wanted
    assert not [channel for _, channel in wanted if channel == "whatsapp"]


async def test_what_is_sent_changes_and_all_else_stays(sara: Person) -> None:
    before = await sara.get(PREFERENCES)
    quiet_mail = {"kind": "ticket_paid", "channel": "email", "is_wanted": False}

    await put(sara, {"preferences": [LOUD, quiet_mail]})
    await put(sara, {"quiet_hours": QUIET})
    after = await sara.get(PREFERENCES)

    assert after["quiet_hours"] == QUIET
    changed = [one for one in after["preferences"] if one not in before["preferences"]]
    assert changed == [{**one, "is_locked": False} for one in (quiet_mail, LOUD)]

    # All of it may be sent back as it was read.
    assert await put(sara, before) == before == await sara.get(PREFERENCES)
    # An absent list or absent hours are not meant; null is.
    await put(sara, {"quiet_hours": QUIET})
    assert (await put(sara, {}))["quiet_hours"] == QUIET
    assert (await put(sara, {"quiet_hours": None}))["quiet_hours"] is None


async def put(person: Person, body: object) -> Any:
    answer = await person.call("PUT", PREFERENCES, body)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("kind", sorted(SECURITY))
async def test_what_concerns_the_account_cannot_be_switched_off(
    sara: Person, kind: NoticeKind
) -> None:
    channel = "sms" if kind is NoticeKind.PHONE_CODE else "email"
    off = {"kind": kind, "channel": channel, "is_wanted": False}

    body = problem(
        await sara.call("PUT", PREFERENCES, {"preferences": [LOUD, off]}), 409, "preference_locked"
    )

    assert body["facts"] == {"kind": kind, "channel": channel}
    assert not [one for one in (await sara.get(PREFERENCES))["preferences"] if one | LOUD == one]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"quiet_hours": QUIET | {"time_zone": "Mars/Olympus"}}, "/quiet_hours/time_zone"),
        ({"quiet_hours": QUIET | {"time_zone": "../../etc/passwd"}}, "/quiet_hours/time_zone"),
        ({"quiet_hours": QUIET | {"time_zone": "a\x00"}}, "/quiet_hours/time_zone"),
        ({"quiet_hours": QUIET | {"ends": "24:00"}}, "/quiet_hours/ends"),
        ({"quiet_hours": QUIET | {"ends": "7:00"}}, "/quiet_hours/ends"),
        ({"quiet_hours": QUIET | {"ends": QUIET["starts"]}}, "/quiet_hours"),
        ({"quiet_hours": {"starts": "22:00"}}, "/quiet_hours/ends"),
        ({"preferences": [LOUD | {"kind": "advertisement"}]}, "/preferences/0/kind"),
        ({"preferences": [LOUD | {"channel": "pigeon"}]}, "/preferences/0/channel"),
        ({"preferences": [LOUD | {"is_wanted": "yes"}]}, "/preferences/0/is_wanted"),
        ({"preferences": [LOUD, LOUD]}, "/preferences/1"),
        ({"preferences": [LOUD] * 201}, "/preferences"),
        ({"loud": True}, "/loud"),
    ],
)
async def test_what_cannot_be_chosen_is_refused_and_says_where(
    sara: Person, body: Any, pointer: str
) -> None:
    refused = problem(await sara.call("PUT", PREFERENCES, body), 422, "validation_error")

    assert pointer in [error["pointer"] for error in refused["errors"]]


async def test_a_browser_chooses_with_its_csrf_token_only(
    browser: httpx.AsyncClient, sara: Person
) -> None:
    credentials = {"email": sara.email, "password": "correct horse battery"}
    token = (await browser.post("/api/v1/auth/login/", json=credentials)).json()["csrf_token"]
    path = f"/api/v1{PREFERENCES}"

    problem(await browser.put(path, json={"preferences": [LOUD]}), 403, "csrf_failed")
    answer = await browser.put(path, json={"preferences": [LOUD]}, headers={"X-CSRF-Token": token})

    assert answer.status_code == 200, answer.text


@pytest.mark.usefixtures("worker")
async def test_a_transfer_is_told_by_those_channels_that_its_receiver_wants(
    sessions: Sessions, sara: Person, omid: Person, enrich: Any
) -> None:
    await enrich(omid, 100_000)
    await put(sara, {"preferences": [LOUD | {"channel": "email", "is_wanted": False}]})
    wish = {"to": sara.id, "amount": "1000"}
    await omid.post("/wallet/transfer/", wish)
    await put(sara, {"preferences": [LOUD | {"channel": "email", "is_wanted": True}]})
    await omid.post("/wallet/transfer/", wish)

    items = (await sara.get("/notifications/"))["items"]

    assert [one["channel"] for one in items if one["kind"] == "transfer_received"] == ["email"]
