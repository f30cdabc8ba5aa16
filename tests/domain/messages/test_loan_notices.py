"""Who is told what of each step of a loan, and that it is worth telling right after it."""

from decimal import Decimal

import pytest

from domain.actions import act
from domain.asset import Handover
from domain.deadlines import Windows
from domain.messages.facts import instant
from domain.messages.loan_notices import told
from domain.messages.notice import Notice, NoticeKind
from domain.messages.worth import is_still_so
from domain.plan import request
from domain.ticket import Action, Role, Stage, Ticket
from domain.transitions import TABLE
from tests import given
from tests.given import DAY, NOW
from tests.notices import a_loan, a_move

K, L, B, S, O = NoticeKind, Role.LENDER, Role.BORROWER, Role.SYSTEM, Role.OPERATOR  # noqa: E741
END = instant(NOW + 4 * DAY)
# Fee 300,000; deposit 500,000; the platform's part 15,000; claims are the lender's, of 400,000.
EARNED, DEPOSIT, WHOLE = "285000", "500000", "800000"
Told = set[tuple[Role, NoticeKind, frozenset[tuple[str, str]]]]
WHO: list[tuple[Stage, Action, Role, Told]] = []


def line(
    stage: Stage, action: Action, by: Role, *expected: tuple[Role, NoticeKind, dict[str, str]]
) -> None:
    facts = {(role, kind, frozenset(known.items())) for role, kind, known in expected}
    WHO.append((stage, action, by, facts))


def cancelled(role: Role, reason: str, **more: str) -> tuple[Role, NoticeKind, dict[str, str]]:
    return role, K.TICKET_CANCELLED, {"reason": reason, **more}


PERIOD = {"starts_at": instant(NOW + DAY), "ends_at": END, "deadline_at": instant(NOW + DAY)}
TO_PAY = {"total": WHOLE, "deposit": DEPOSIT}
BACK = {"amount": WHOLE}
line(Stage.PENDING, Action.ACCEPT, L, (B, K.TICKET_ACCEPTED, {**TO_PAY, **PERIOD}))
line(Stage.PENDING, Action.DECLINE, L, (B, K.TICKET_DECLINED, {"starts_at": PERIOD["starts_at"]}))
line(Stage.PENDING, Action.CANCEL, B, cancelled(L, "borrower_withdrew"))
line(Stage.PENDING, Action.EXPIRE, S, cancelled(B, "not_answered"), cancelled(L, "not_answered"))
line(Stage.PENDING, Action.YIELD_ASSET, S, cancelled(B, "asset_taken"))
HELD = {"amount": WHOLE, "starts_at": PERIOD["starts_at"], "deadline_at": instant(NOW + 2 * DAY)}
line(Stage.ACCEPTED, Action.PAY, B, (L, K.TICKET_PAID, HELD))
line(Stage.ACCEPTED, Action.CANCEL, B, cancelled(L, "borrower_withdrew"))
line(Stage.ACCEPTED, Action.CANCEL, L, cancelled(B, "lender_withdrew"))
line(Stage.ACCEPTED, Action.EXPIRE, S, cancelled(B, "not_paid"), cancelled(L, "not_paid"))
line(Stage.ESCROW, Action.HANDOVER, B, (L, K.TICKET_HANDED_OVER, {"ends_at": END}))
line(Stage.ESCROW, Action.HANDOVER, S, (B, K.TICKET_HANDED_OVER, {"ends_at": END}))
# Who withdraws what is paid for is told where the money is, too.
line(
    Stage.ESCROW,
    Action.CANCEL,
    B,
    cancelled(B, "borrower_withdrew", amount=DEPOSIT),
    cancelled(L, "borrower_withdrew", amount=EARNED),
)
line(Stage.ESCROW, Action.CANCEL, L, cancelled(B, "lender_withdrew", **BACK))
line(
    Stage.ESCROW,
    Action.EXPIRE,
    S,
    cancelled(B, "not_handed_over", **BACK),
    cancelled(L, "not_handed_over"),
)
ENDED = ((B, K.TICKET_ENDED, {"amount": DEPOSIT}), (L, K.TICKET_ENDED, {"amount": EARNED}))
BY_TIME = {"outcome": "return_assumed"}
for at in (Stage.ACTIVE, Stage.OFFERED):
    line(at, Action.COMPLETE, L, *ENDED)
    line(at, Action.COMPLETE, S, *((who, kind, {**known, **BY_TIME}) for who, kind, known in ENDED))
    line(at, Action.REMIND, S, (B, K.TICKET_ENDING, {"ends_at": END}))
    claim = {"claim": "400000", "deadline_at": instant(NOW + 3 * DAY)}
    line(at, Action.DISPUTE, L, (B, K.DISPUTE_OPENED, claim))
    line(at, Action.DISPUTE, B, (L, K.DISPUTE_OPENED, claim))
OFFER = {"ends_at": instant(NOW + 6 * DAY), "deadline_at": PERIOD["deadline_at"], "fee": "200000"}
line(Stage.ACTIVE, Action.EXTEND, B, (L, K.EXTENSION_ASKED, OFFER))
LONGER = {"answer": "accepted", "ends_at": instant(NOW + 6 * DAY), "fee": "200000"}
line(Stage.OFFERED, Action.ACCEPT_EXTENSION, L, (B, K.EXTENSION_ANSWERED, LONGER))
DECLINED, LAPSED = ({"answer": answer, "ends_at": END} for answer in ("declined", "lapsed"))
line(Stage.OFFERED, Action.DECLINE_EXTENSION, L, (B, K.EXTENSION_ANSWERED, DECLINED))
line(Stage.OFFERED, Action.LAPSE_EXTENSION, S, (B, K.EXTENSION_ANSWERED, LAPSED))
for who, word in ((B, "claim_accepted"), (S, "claim_lapsed")):
    line(
        Stage.CLAIMED,
        Action.ACCEPT_CLAIM,
        who,
        (L, K.DISPUTE_ANSWERED, {"answer": word, "amount": "400000"}),
        (B, K.TICKET_ENDED, {"outcome": word, "amount": "400000"}),
    )
CONTESTED = {"answer": "claim_contested"}
line(Stage.CLAIMED, Action.CONTEST_CLAIM, B, (L, K.DISPUTE_ANSWERED, CONTESTED))
SPLIT = {"to_lender": "250000.01", "to_borrower": "549999.99"}
line(
    Stage.CONTESTED,
    Action.RESOLVE,
    O,
    (B, K.DISPUTE_RESOLVED, SPLIT),
    (L, K.DISPUTE_RESOLVED, SPLIT),
)


def of(ticket: Ticket, notices: tuple[Notice, ...]) -> Told:
    """Return who is told what, as the table above writes it."""
    roles = {ticket.lender_id: L, ticket.borrower_id: B}
    assert {notice.ticket_id for notice in notices} <= {ticket.id}
    seen = [
        (roles[notice.user_id], notice.kind, frozenset(notice.facts.items()))
        for notice in notices
        if notice.user_id
    ]
    assert len(seen) == len(notices) == len(set(seen))
    return set(seen)


@pytest.mark.parametrize(("stage", "action", "role", "expected"), WHO)
def test_each_action_is_told_to_whom_it_concerns(
    stage: Stage, action: Action, role: Role, expected: Told
) -> None:
    ticket = a_loan(stage)

    plan = act(ticket, a_move(ticket, action, role), Windows())

    assert of(ticket, told(plan)) == expected


def test_every_rule_of_the_table_of_transitions_is_in_the_one_above() -> None:
    own_claims = {(Stage.CLAIMED, each, L) for each in (Action.ACCEPT_CLAIM, Action.CONTEST_CLAIM)}
    rules = {(stage, action, role) for (stage, action), rule in TABLE.items() for role in rule.who}

    assert {(stage, action, role) for stage, action, role, _ in WHO} == rules - own_claims


def test_a_request_is_told_to_the_lender() -> None:
    asset = given.an_asset()
    plan = request(given.a_wish(asset), asset, 500, Windows())

    expected = {(L, K.TICKET_REQUESTED, frozenset({"fee": "300000", **PERIOD}.items()))}
    assert of(plan.ticket, told(plan)) == expected


def test_a_payment_with_an_instant_hand_over_tells_both_when_the_loan_ends() -> None:
    ticket = a_loan(Stage.ACCEPTED, handover=Handover.INSTANT)

    plan = act(ticket, a_move(ticket, Action.PAY, B), Windows())

    assert of(ticket, told(plan)) == {
        (L, K.TICKET_PAID, frozenset({"amount": WHOLE, "ends_at": END}.items())),
        (B, K.TICKET_HANDED_OVER, frozenset({"ends_at": END}.items())),
    }


@pytest.mark.parametrize("opener", [L, B])
def test_the_answer_to_a_claim_goes_to_whoever_made_it(opener: Role) -> None:
    ticket = a_loan(Stage.ACTIVE)
    claimed = act(ticket, a_move(ticket, Action.DISPUTE, opener), Windows()).ticket
    other = B if opener is L else L

    plan = act(claimed, a_move(claimed, Action.CONTEST_CLAIM, other), Windows())

    assert of(ticket, told(plan)) == {(opener, K.DISPUTE_ANSWERED, frozenset(CONTESTED.items()))}


@pytest.mark.parametrize(("stage", "action", "role", "expected"), WHO)
def test_nobody_is_told_of_their_own_click_but_for_a_receipt(
    stage: Stage, action: Action, role: Role, expected: Told
) -> None:
    own = {(kind, dict(facts).get("amount")) for who, kind, facts in expected if who is role}

    assert all(amount or kind is K.TICKET_ENDED for kind, amount in own)


@pytest.mark.parametrize(("stage", "action", "role", "expected"), WHO)
def test_what_a_step_tells_is_worth_sending_right_after_it(
    stage: Stage, action: Action, role: Role, expected: Told
) -> None:
    ticket = a_loan(stage)
    plan = act(ticket, a_move(ticket, action, role), Windows())

    assert all(is_still_so(one.kind, one.facts, plan.ticket) for one in told(plan))


def test_a_fee_of_nothing_and_a_deposit_of_nothing_are_not_mentioned() -> None:
    free = a_loan(Stage.PENDING, deposit=Decimal("0.00"))

    [notice] = told(act(free, a_move(free, Action.ACCEPT, L), Windows()))

    assert "deposit" not in notice.facts
