"""A provider's report goes its whole way: from the simulator, signed, over HTTP, into the log."""

from typing import Any

import httpx
from sqlalchemy import create_engine, text

from models.database import psycopg_url
from sandbox.home import Home
from sandbox.secrets import Secrets
from sandbox.webhook_keys import ProviderKeys
from tests import given
from tests.api.people import Person
from tests.e2e.dev import Dev

LOG = text(
    "SELECT status, delivery, last_error FROM messages WHERE user_id = :user_id AND kind = :kind"
)
Told = tuple[Any, ...]


def logged(dev: Dev, person: Person, kind: str) -> Told:
    engine = create_engine(psycopg_url(dev.info.database_url))
    with engine.connect() as connection:
        (row,) = connection.execute(LOG, {"user_id": person.id, "kind": kind})
    engine.dispose()
    return tuple(row)


async def sent(dev: Dev, person: Person, kind: str) -> None:
    async def is_sent() -> bool:
        return bool(logged(dev, person, kind)[0] == "sent")

    await given.eventually(is_sent)


async def report(gateway: httpx.AsyncClient, to: str, delivery: str, times: int = 1) -> list[int]:
    wish = {"to": to, "delivery": delivery, "times": times}
    answer = await gateway.post("/control/report", json=wish)
    assert answer.status_code == 200, answer.text
    found: list[int] = answer.json()["answers"]
    return found


async def test_a_mail_that_bounced_has_failed_until_it_is_opened(
    dev: Dev, gateway: httpx.AsyncClient, sara: Person
) -> None:
    kind = "email_verification"
    await sent(dev, sara, kind)

    assert await report(gateway, sara.email, "undelivered", times=5) == [200] * 5
    bounced = logged(dev, sara, kind)
    assert await report(gateway, sara.email, "read") == [200]
    assert await report(gateway, sara.email, "delivered") == [200]

    assert bounced == ("failed", "undelivered", "postmark: the address does not exist")
    assert logged(dev, sara, kind) == ("sent", "read", None)


async def test_an_sms_arrives_and_the_secret_of_its_report_is_written_down_nowhere(
    dev: Dev, gateway: httpx.AsyncClient, sara: Person
) -> None:
    await sara.patch("/auth/me/", {"phone": "09351112233"})
    assert (await sara.call("POST", "/auth/phone/verify/")).status_code == 202
    await sent(dev, sara, "phone_code")

    assert await report(gateway, "09351112233", "delivered") == [200]

    assert logged(dev, sara, "phone_code") == ("sent", "delivered", None)
    secret = ProviderKeys(Secrets.kept_in(Home.at(dev.home)).webhook_secret).kavenegar_secret
    logs = "".join(path.read_text() for path in (dev.home / "logs").glob("*.log"))
    assert '"event": "delivery_reports"' in logs
    assert secret not in logs
