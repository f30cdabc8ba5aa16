"""Who did what, when and from where: each decision about money has its line, and has it once."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import pytest

from domain import ledger
from domain.audit import AuditAction, AuditLine
from models.database import Sessions
from models.queries import audit
from tests import given
from tests.api.conftest import Enrich, promote
from tests.api.loans import Cast
from tests.api.people import Person, join, problem
from tests.api.test_idempotency import forget_outcome
from tests.api.test_ops_payments import a_paid_payment
from tests.api.test_withdrawals import WISH

pytestmark = pytest.mark.usefixtures("worker")
LOG = "/ops/audit/"


@pytest.fixture
async def colleague(http: httpx.AsyncClient, sessions: Sessions) -> Person:
    return await promote(sessions, await join(http))


def session_of(person: Person) -> str:
    return str(jwt.decode(person.token, options={"verify_signature": False})["sid"])


async def lines(reader: Person, subject: str) -> list[Any]:
    """What the log says of something, oldest first."""
    page = await reader.get(LOG, object=subject, limit=100)
    return list(reversed(page["items"]))


class Decider:
    """Gives a word twice under one name, as after a crash, and returns where it came from."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def __call__(
        self, person: Person, method: str, path: str, body: object = None
    ) -> dict[str, Any]:
        key = uuid4().hex
        first = await person.call(method, path, body, key=key)
        assert first.status_code in {200, 201}, first.text
        await forget_outcome(self._sessions, key)
        again = await person.call(method, path, body, key=key)
        assert again.status_code == first.status_code, again.text
        return {
            "actor_id": person.id,
            "address": "127.0.0.1",
            "request_id": first.headers["X-Request-ID"],
            "session_id": session_of(person),
            "id": first.json().get("id"),
        }


@pytest.fixture
def decide(sessions: Sessions) -> Decider:
    return Decider(sessions)


def told(line: Any) -> tuple[Any, ...]:
    return line["action"], line["actor_id"], line["details"]


def comes_from(line: Any, said: dict[str, Any]) -> bool:
    names = ("actor_id", "address", "request_id", "session_id")
    return all(line[name] == said[name] for name in names)


@pytest.mark.parametrize(
    ("steps", "actions"),
    [
        (("approve", "paid"), ["withdrawal_approved", "withdrawal_paid"]),
        (("approve", "failed"), ["withdrawal_approved", "withdrawal_returned"]),
        (("reject",), ["withdrawal_rejected"]),
        (("approve at once",), ["withdrawal_approved", "withdrawal_paid"]),
    ],
)
async def test_each_word_about_a_withdrawal_has_one_line(
    sara: Person,
    operator: Person,
    enrich: Enrich,
    decide: Decider,
    steps: tuple[str, ...],
    actions: list[str],
) -> None:
    await enrich(sara, 1_000_000)
    asked = await sara.post("/wallet/withdrawals/", WISH)
    bodies: dict[str, Any] = {"paid": {"bank_reference": "R1"}, "failed": {"note": "closed"}}
    bodies["approve at once"] = bodies["paid"]

    said = [
        await decide(
            operator,
            "PATCH",
            f"/ops/withdrawals/{asked['id']}/{step.split()[0]}/",
            bodies.get(step),
        )
        for step in steps
    ]

    found = await lines(operator, f"withdrawal:{asked['id']}")
    amount = {"amount": "400000.00"}
    assert [told(line) for line in found] == [(each, operator.id, amount) for each in actions]
    assert comes_from(found[0], said[0])
    assert comes_from(found[-1], said[-1])


@pytest.fixture
async def transaction(sara: Person, omid: Person, sessions: Sessions) -> str:
    """Sara sends Omid money."""
    sender, receiver = UUID(sara.id), UUID(omid.id)
    await given.money_in_wallet(sessions, sender, Decimal(500))
    rent = ledger.transfer(uuid4(), sender, receiver, Decimal(500), "rent")
    return str(await given.a_posting(sessions, rent))


@pytest.mark.parametrize(
    ("step", "action"), [("approve", "reversal_approved"), ("reject", "reversal_rejected")]
)
async def test_a_reversal_has_a_line_of_each_operator(
    operator: Person, colleague: Person, transaction: str, decide: Decider, step: str, action: str
) -> None:
    wish = {"transaction_id": transaction, "reason": "Sent twice"}
    asking = await decide(operator, "POST", "/ops/ledger/reversals/", wish)
    path = f"/ops/ledger/reversals/{asking['id']}/{step}/"
    deciding = await decide(colleague, "PATCH", path, {"note": "seen"})

    asked, decided = await lines(operator, f"reversal:{asking['id']}")
    facts = {"transaction": transaction, "amount": "500.00"}
    assert told(asked) == ("reversal_asked", operator.id, facts)
    assert told(decided) == (action, colleague.id, facts)
    assert comes_from(asked, asking)
    assert comes_from(decided, deciding)


async def test_a_payment_that_is_looked_at_and_sent_back_has_a_line_for_each(
    sara: Person, operator: Person, gateway: httpx.AsyncClient, decide: Decider
) -> None:
    payment = await a_paid_payment(sara, gateway)
    path = f"/ops/payments/{payment['id']}"

    looking = await decide(operator, "POST", f"{path}/reconcile/")
    sending = await decide(operator, "POST", f"{path}/reverse/", {"reason": "Paid twice"})

    looked, sent = await lines(operator, f"payment:{payment['id']}")
    assert told(looked) == ("payment_reconciled", operator.id, {})
    assert told(sent) == ("card_reversal_asked", operator.id, {"amount": payment["amount"]})
    assert comes_from(looked, looking)
    assert comes_from(sent, sending)


async def test_a_dispute_that_is_resolved_has_its_line(cast: Cast, decide: Decider) -> None:
    loan = await cast.loan_at("contested")
    split = {"to_lender": "250000.01", "to_borrower": "549999.99"}
    operator = cast.people["operator"]

    said = await decide(
        operator, "PATCH", f"{loan.path}/dispute/resolve/", split | {"note": "It is small."}
    )

    [line] = await lines(operator, f"ticket:{loan.id}")
    assert told(line) == ("dispute_resolved", operator.id, split)
    assert comes_from(line, said)


async def test_what_is_refused_has_no_line(
    sara: Person, operator: Person, colleague: Person, enrich: Enrich
) -> None:
    await enrich(sara, 1_000_000)
    asked = await sara.post("/wallet/withdrawals/", WISH)
    path = f"/ops/withdrawals/{asked['id']}"
    await operator.patch(f"{path}/reject/", {"note": "no"})

    answer = await colleague.call("PATCH", f"{path}/approve/", {})

    problem(answer, 409, "illegal_transition")
    [line] = await lines(operator, f"withdrawal:{asked['id']}")
    assert line["actor_id"] == operator.id


Write = Callable[..., Awaitable[None]]


@pytest.fixture
def write(sessions: Sessions) -> Write:
    async def a_line(action: AuditAction, actor_id: UUID | None, subject: str) -> None:
        async with sessions.begin() as session:
            await audit.record(session, AuditLine(action, actor_id, subject))

    return a_line


async def test_the_log_is_filtered_and_read_in_pages_newest_first(
    operator: Person, write: Write
) -> None:
    actor, other, subject = uuid4(), uuid4(), f"user:{uuid4()}"
    begin = datetime.now(UTC) - timedelta(seconds=5)
    await write(AuditAction.LOGIN, actor, subject)
    await write(AuditAction.LOGOUT, actor, subject)
    await write(AuditAction.LOGIN, other, subject)
    await write(AuditAction.LOGIN, actor, f"user:{uuid4()}")

    async def found(**query: Any) -> list[tuple[str, str]]:
        page = await operator.get(LOG, **query)
        return [(line["action"], line["actor_id"]) for line in page["items"]]

    about = [("login", str(other)), ("logout", str(actor)), ("login", str(actor))]
    assert await found(object=subject) == about
    assert await found(actor_id=actor) == [("login", str(actor)), *about[1:]]
    assert await found(actor_id=actor, action="logout") == about[1:2]
    assert await found(object=subject, **{"from": begin.isoformat()}) == about
    assert await found(object=subject, to=begin.isoformat()) == []
    first = await operator.get(LOG, object=subject, limit=2)
    rest = await operator.get(LOG, object=subject, limit=2, cursor=first["next"])
    assert [line["action"] for line in first["items"] + rest["items"]] == [
        "login", "logout", "login",
    ]  # fmt: skip
    assert rest["next"] is None


async def test_only_operators_read_the_log(
    http: httpx.AsyncClient, sara: Person, operator: Person
) -> None:
    problem(await sara.call("GET", LOG), 403, "forbidden")
    problem(await http.get(f"/api/v1{LOG}"), 401, "not_authenticated")
    earlier = {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}
    for query in (earlier, {"action": "theft"}, {"cursor": "x"}, {"from": "yesterday"}):
        problem(await operator.call("GET", LOG, **query), 422, "validation_error")
