"""Disputes over HTTP: the claim, its answer, an operator's word, and what people say about it."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.evidence import MOST_NOTES
from models.database import Sessions
from models.ticket import DisputeNoteRow
from tests import given
from tests.api.conftest import Enrich, promote
from tests.api.loans import CLAIM, SPLIT, Cast, Loan, forget_outcomes
from tests.api.people import Person, problem

pytestmark = pytest.mark.usefixtures("worker")


async def received(loan: Loan) -> dict[str | None, str]:
    """Return who got how much when the escrow was emptied."""
    emptied = (await loan.postings())[3:]  # after the two of the payment, and what it held
    return {entry["owner_id"]: entry["amount"] for entry in emptied}


@pytest.mark.parametrize(("opener", "other"), [("lender", "borrower"), ("borrower", "lender")])
async def test_a_claim_that_is_accepted_is_paid_to_the_rial(
    cast: Cast, opener: str, other: str
) -> None:
    loan = await cast.loan_at("active")
    ids = {who: person.id for who, person in cast.people.items()}

    opened = await loan.take(opener, "dispute", claim="123456.78")

    assert opened.status_code == 201
    ticket = opened.json()
    assert (ticket["status"], ticket["allowed_actions"]) == ("active", [])
    moment = datetime.fromisoformat(ticket["dispute"]["opened_at"])
    assert ticket["dispute"] == {
        "status": "open",
        "opened_by": ids[opener],
        "reason": CLAIM["reason"],
        "claim": "123456.78",
        "opened_at": ticket["updated_at"],
        "to_lender": None,
        "to_borrower": None,
    }
    # The loan does not end by itself any more; the claim does.
    assert datetime.fromisoformat(ticket["deadline_at"]) - moment == timedelta(hours=72)
    assert (await loan.seen_by(other))["allowed_actions"] == ["accept_claim", "contest_claim"]

    done = (await loan.take(other, "accept_claim")).json()

    assert (done["status"], done["deadline_at"]) == ("completed", None)
    assert done["dispute"]["status"] == "accepted"
    assert done["dispute"][f"to_{opener}"] == "123456.78"
    assert done["dispute"][f"to_{other}"] == "676543.22"
    assert await received(loan) == {ids[opener]: "123456.78", ids[other]: "676543.22"}


async def test_a_contested_claim_waits_for_an_operator(cast: Cast) -> None:
    loan = await cast.loan_at("claimed")

    contested = (await loan.take("borrower", "contest_claim", note="It was so before.")).json()

    assert (contested["dispute"]["status"], contested["deadline_at"]) == ("contested", None)
    assert contested["allowed_actions"] == []
    operator = cast.people["operator"]
    waiting = (await operator.get("/ops/tickets/", dispute="contested", limit=1))["items"]
    assert [(item["id"], item["allowed_actions"]) for item in waiting] == [
        (str(loan.id), ["resolve"])
    ]
    decided = (await loan.take("operator", "resolve")).json()
    assert (decided["status"], decided["dispute"]["status"]) == ("completed", "resolved")
    assert decided["dispute"]["to_lender"] == SPLIT["to_lender"]
    assert decided["allowed_actions"] == []
    still = (await operator.get("/ops/tickets/", dispute="contested"))["items"]
    assert str(loan.id) not in {item["id"] for item in still}
    resolved = await operator.get("/ops/tickets/", dispute="resolved", limit=1)
    assert resolved["items"][0]["id"] == str(loan.id)


@pytest.mark.parametrize(
    ("to_lender", "to_borrower"), [("800000", "0"), (0, 800_000), ("0.01", "799999.99")]
)
async def test_an_operator_divides_the_escrow_to_the_last_hundredth(
    cast: Cast, to_lender: Any, to_borrower: Any
) -> None:
    loan = await cast.loan_at("contested")

    done = await loan.take("operator", "resolve", to_lender=to_lender, to_borrower=to_borrower)

    dispute = done.json()["dispute"]
    parts = {
        cast.people["lender"].id: dispute["to_lender"],
        cast.people["borrower"].id: dispute["to_borrower"],
    }
    assert sum(float(part) for part in parts.values()) == 800_000
    assert await received(loan) == {who: part for who, part in parts.items() if part != "0.00"}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"to_lender": "250000.02"}, "/to_lender"),
        ({"to_lender": "250000"}, "/to_lender"),
        ({"to_lender": "800000", "to_borrower": "800000"}, "/to_lender"),
        ({"to_lender": "-1"}, "/to_lender"),
        ({"to_lender": -1}, "/to_lender"),
        ({"to_lender": 1.5}, "/to_lender"),
        ({"to_borrower": None}, "/to_borrower"),
        ({"to_borrower": "0.001"}, "/to_borrower"),
        ({"note": ""}, "/note"),
        ({"note": "  "}, "/note"),
        ({"to_platform": "1"}, "/to_platform"),
    ],
)
async def test_a_split_that_is_not_the_escrow_is_422(
    cast: Cast, changes: Any, pointer: str
) -> None:
    loan = await cast.loan_at("contested")
    before = await loan.everything()

    answer = await loan.take("operator", "resolve", **changes)

    [error] = problem(answer, 422, "validation_error")["errors"]
    assert error["pointer"] == pointer
    assert await loan.everything() == before


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"claim": "800000.01"}, "/claim"),
        ({"claim": "0"}, "/claim"),
        ({"claim": 0.5}, "/claim"),
        ({"reason": ""}, "/reason"),
        ({"reason": " \t"}, "/reason"),
        ({"reason": "x" * 2001}, "/reason"),
        ({"to_lender": "1"}, "/to_lender"),
    ],
)
async def test_a_claim_that_breaks_a_rule_is_422(cast: Cast, changes: Any, pointer: str) -> None:
    answer = await (await cast.loan_at("active")).take("lender", "dispute", **changes)

    [error] = problem(answer, 422, "validation_error")["errors"]
    assert error["pointer"] == pointer


async def test_an_operator_does_not_decide_about_a_loan_of_their_own(
    cast: Cast, sara: Person, omid: Person, enrich: Enrich
) -> None:
    await enrich(omid, 800_000)
    people = cast.people | {"lender": sara, "borrower": omid}
    loan = await Cast(cast.http, cast.sessions, people).loan_at("contested")
    await promote(cast.sessions, sara)

    assert (await loan.seen_by("lender"))["allowed_actions"] == []
    problem(await loan.take("lender", "resolve"), 403, "forbidden")
    problem(await loan.preview("lender", "resolve"), 403, "forbidden")
    assert (await loan.take("operator", "resolve")).status_code == 200


async def test_an_offer_ends_with_a_dispute(cast: Cast) -> None:
    loan = await cast.loan_at("offered")

    disputed = (await loan.take("borrower", "dispute")).json()

    assert disputed["extension"]["status"] == "lapsed"
    problem(await loan.take("lender", "accept_extension"), 409, "illegal_transition")


async def test_each_step_can_be_repeated_also_when_the_loan_has_ended(
    cast: Cast, sessions: Sessions, forgetful: Cast
) -> None:
    loan = await cast.loan_at("active")
    steps = [
        ("lender", "POST", "dispute", CLAIM),
        ("borrower", "PATCH", "dispute/answer", {"answer": "contest"}),
        ("operator", "PATCH", "dispute/resolve", SPLIT | {"note": "It is small."}),
    ]
    keys = [str(uuid4()) for _ in steps]

    async def take_all(cast: Cast) -> list[Any]:
        return [
            await cast.people[who].call(method, f"{loan.path}/{path}/", body, key=key)
            for (who, method, path, body), key in zip(steps, keys, strict=True)
        ]

    first = await take_all(cast)
    assert [answer.status_code for answer in first] == [201, 200, 200]
    everything = await loan.everything()
    replayed = await take_all(cast)
    await forget_outcomes(sessions, keys)
    after_a_crash = await take_all(cast)
    await forget_outcomes(sessions, keys)
    much_later = await take_all(forgetful)

    assert [answer.content for answer in replayed] == [answer.content for answer in first]
    assert {answer.headers["idempotency-replayed"] for answer in replayed} == {"true"}
    assert [answer.json() for answer in after_a_crash] == [answer.json() for answer in first]
    # Answered from the row: each was done, and this is what became of it.
    assert [answer.status_code for answer in much_later] == [201, 200, 200]
    assert {answer.json()["status"] for answer in much_later} == {"completed"}
    assert await loan.everything() == everything


async def test_what_people_say_is_kept_in_order_with_author_and_time(cast: Cast) -> None:
    loan = await cast.loan_at("claimed")
    path = f"{loan.path}/dispute/notes/"
    assert (await cast.people["lender"].get(path))["items"] == []

    said = [await cast.people["lender"].post(path, {"note": "See the photo."})]
    said.append(await cast.people["borrower"].post(path, {"note": "  That is dust. "}))
    await loan.take("borrower", "contest_claim")
    said.append(await cast.people["operator"].post(path, {"note": "Please send the invoice."}))

    assert [note["note"] for note in said] == [
        "See the photo.", "That is dust.", "Please send the invoice.",
    ]  # fmt: skip
    authors = [cast.people[who].id for who in ("lender", "borrower", "operator")]
    assert [note["author_id"] for note in said] == authors
    assert sorted(note["at"] for note in said) == [note["at"] for note in said]
    for who in ("lender", "borrower", "operator"):
        assert (await cast.people[who].get(path))["items"] == said[::-1]
    page = await cast.people["lender"].get(path, limit=2)
    rest = await cast.people["lender"].get(path, limit=2, cursor=page["next"])
    assert (page["items"], rest) == (said[:0:-1], {"items": said[:1], "next": None})
    await loan.take("operator", "resolve")
    assert (await cast.people["lender"].get(path))["items"] == said[::-1]


@pytest.mark.parametrize("stage", ["pending", "active", "offered", "completed", "cancelled"])
async def test_without_an_open_dispute_there_is_nothing_to_say(cast: Cast, stage: str) -> None:
    loan = await cast.loan_at(stage)

    for who in ("borrower", "lender", "operator"):
        answer = await cast.call(who, "POST", f"{loan.path}/dispute/notes/", {"note": "So?"})
        facts = problem(answer, 409, "illegal_transition")["facts"]
        assert facts == {"status": "active" if stage == "offered" else stage}


async def test_notes_are_for_those_who_may_see_the_ticket(cast: Cast) -> None:
    loan = await cast.loan_at("contested")
    path = f"{loan.path}/dispute/notes/"

    for method, body in (("GET", None), ("POST", {"note": "Hello"})):
        problem(await cast.call("stranger", method, path, body), 404, "not_found")
        problem(await cast.call("anonymous", method, path, body), 401, "not_authenticated")
        unknown = f"/tickets/{uuid4()}/dispute/notes/"
        problem(await cast.call("operator", method, unknown, body), 404, "not_found")
    for body in ({}, {"note": ""}, {"note": " "}, {"note": "x" * 2001}, {"note": "\x00"}):
        problem(await cast.call("lender", "POST", path, body), 422, "validation_error")
    assert (await cast.people["lender"].get(path))["items"] == []


async def test_a_note_that_is_sent_again_is_one_note(cast: Cast, sessions: Sessions) -> None:
    loan = await cast.loan_at("claimed")
    lender, path, key = cast.people["lender"], f"{loan.path}/dispute/notes/", str(uuid4())

    answers = await asyncio.gather(
        *(lender.call("POST", path, {"note": "Once."}, key=key) for _ in range(10))
    )
    await loan.take("borrower", "accept_claim")
    await forget_outcomes(sessions, [key])
    late = await lender.call("POST", path, {"note": "Once."}, key=key)

    assert {answer.status_code for answer in [*answers, late]} == {201}
    assert len({answer.content for answer in [*answers, late]}) == 1
    assert len((await lender.get(path))["items"]) == 1


async def test_a_dispute_has_an_end_of_words_however_many_speak_at_once(
    cast: Cast, sessions: Sessions
) -> None:
    loan = await cast.loan_at("claimed")
    path, lender = f"{loan.path}/dispute/notes/", cast.people["lender"]
    async with sessions.begin() as session:
        session.add_all(
            DisputeNoteRow(
                ticket_id=loan.id, author_id=UUID(lender.id), at=given.NOW, note=f"No. {number}"
            )
            for number in range(MOST_NOTES - 3)
        )

    answers = await asyncio.gather(
        *(cast.call(who, "POST", path, {"note": "Me, too."}) for who in ["lender", "borrower"] * 5)
    )

    refused = [answer for answer in answers if answer.status_code != 201]
    assert len(refused) == 7
    for answer in refused:
        [error] = problem(answer, 422, "validation_error")["errors"]
        assert error == {"pointer": "/note", "message": "A dispute has at most 200 notes."}


async def test_a_loan_that_was_extended_and_disputed_settles_to_the_rial_and_tells_its_story(
    cast: Cast, sara: Person, omid: Person, enrich: Enrich
) -> None:
    await enrich(omid, 1_100_000)
    people = cast.people | {"lender": sara, "borrower": omid}
    loan = await Cast(cast.http, cast.sessions, people).loan_at("active")
    names = {sara.id: "lender", omid.id: "borrower", people["operator"].id: "operator"}

    end = (await loan.take("borrower", "extend")).json()["extension"]["ends_at"]
    await loan.take("lender", "accept_extension")
    held = {"balance": "100000.00", "held": "1000000.00", "currency": "IRR"}
    assert await omid.get("/wallet/") == held
    await loan.take("lender", "dispute", claim="700000.50", reason="The lens is scratched.")
    await loan.take("borrower", "contest_claim", note="It was so before.")
    for who, note in (("lender", "See my photo."), ("borrower", "That is dust.")):
        await people[who].post(f"{loan.path}/dispute/notes/", {"note": note})
    split = {"to_lender": "450000.01", "to_borrower": "549999.99"}
    done = await loan.take("operator", "resolve", **split, note="New, but small.")

    assert done.json()["status"] == "completed"
    nothing_held = {"held": "0.00", "currency": "IRR"}
    assert await sara.get("/wallet/") == {"balance": "450000.01", **nothing_held}
    assert await omid.get("/wallet/") == {"balance": "649999.99", **nothing_held}
    assert {entry["account"] for entry in await loan.postings()} == {"user_wallet", "ticket_escrow"}
    divided = "to_borrower 549999.99, to_lender 450000.01"
    assert [told(line, names) for line in await loan.timeline()] == [
        "borrower: request, none → pending",
        "lender: accept, pending → accepted",
        "borrower: pay, accepted → escrow (amount 800000.00)",
        "system: handover, escrow → active",
        f"borrower: extend, active → active (ends_at {end}, fee 200000.00)",
        f"lender: accept_extension, active → active (ends_at {end}, fee 200000.00)",
        "lender: dispute, active → active (claim 700000.50) «The lens is scratched.»",
        "borrower: contest_claim, active → active «It was so before.»",
        f"operator: resolve, active → completed ({divided}) «New, but small.»",
    ]


def told(line: Any, names: dict[str, str]) -> str:
    """Say one line of a timeline as a person would."""
    who = names.get(line["actor_id"], line["actor_id"])
    details = ", ".join(f"{name} {value}" for name, value in sorted(line["details"].items()))
    said = f"{who}: {line['action']}, {line['from'] or 'none'} → {line['to']}"
    said += f" ({details})" if details else ""
    return said + (f" «{line['note']}»" if line["note"] else "")
