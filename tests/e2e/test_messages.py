"""What people are sent by the processes of `./assets dev`, and what those write down of it."""

import re

import httpx

from tests.api.people import PASSWORD, Person
from tests.e2e.dev import Dev
from tests.outbox import Outbox

PAGE = "http://localhost:3000/"


async def test_an_account_is_proven_and_recovered_through_what_was_sent(
    dev: Dev, http: httpx.AsyncClient, gateway: httpx.AsyncClient, sara: Person
) -> None:
    assert dev.info.outbox == f"{dev.info.gateway}/outbox"
    outbox = Outbox(gateway)

    verify = await outbox.token(sara.email, f"{PAGE}verify-email")
    await sara.patch("/auth/me/", {"phone": "۰۹۳۵۷۶۵۴۳۲۱"})
    assert (await sara.call("POST", "/auth/phone/verify/")).status_code == 202
    code = await outbox.code("09357654321")
    taken = [
        await http.post("/api/v1/auth/email/verify/confirm/", json={"token": verify}),
        await sara.call("POST", "/auth/phone/verify/confirm/", {"code": code}),
    ]
    assert [answer.status_code for answer in taken] == [204, 204]
    user = await sara.get("/auth/me/")
    assert (user["email_verified"], user["phone_verified"]) == (True, True)

    await http.post("/api/v1/auth/password/reset/", json={"email": sara.email})
    reset = await outbox.token(sara.email, f"{PAGE}reset-password", 2)
    body = {"token": reset, "new_password": "seven lamps over the bazaar"}
    done = await http.post("/api/v1/auth/password/reset/confirm/", json=body)
    assert done.status_code == 204
    assert (await sara.call("GET", "/auth/me/")).status_code == 401

    page = await gateway.get("/outbox", headers={"Accept": "text/html"})
    assert reset in page.text
    logs = "".join(path.read_text() for path in (dev.home / "logs").glob("*.log"))
    assert logs
    for secret in (verify, reset, sara.email, "9357654321", PASSWORD):
        assert secret not in logs
    # Six digits may also be a part of an id, or of a second.
    assert not re.search(rf"(?<![0-9a-f.-]){code}(?![0-9a-fZ-])", logs)
