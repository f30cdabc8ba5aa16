"""Who is told what when a loan has moved: each party hears of what the other, or time, did.

Nobody is told of their own click, unless money came to them by it or it ended the loan: that is
a receipt. No name and no word that a person typed goes into a message to a stranger.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain import ledger
from domain.ledger import Side
from domain.messages.facts import instant, rials, rials_if_any
from domain.messages.notice import Notice, NoticeKind
from domain.plan import Plan, Transition
from domain.ticket import Action, Ticket, TicketStatus

_ENDED_UNANSWERED: Final[Mapping[TicketStatus | None, str]] = {
    TicketStatus.PENDING: "not_answered",
    TicketStatus.ACCEPTED: "not_paid",
    TicketStatus.ESCROW: "not_handed_over",
}


@dataclass(frozen=True)
class _Step:
    """One line of the timeline, with the ticket as it is after the whole plan."""

    plan: Plan
    line: Transition

    @property
    def ticket(self) -> Ticket:
        return self.plan.ticket

    @property
    def is_by_itself(self) -> bool:
        return self.line.by is None

    def tell(self, kind: NoticeKind, user_id: UUID, **facts: str) -> Notice:
        known = {name: fact for name, fact in facts.items() if fact}
        return Notice(kind, user_id, ticket_id=self.ticket.id, facts=known)

    def received(self, user_id: UUID) -> str:
        """Return what a party got by this step, in rials; empty for nothing."""
        entries = self.plan.posting.entries if self.plan.posting else ()
        theirs = (one for one in entries if one.account == ledger.wallet(user_id))
        return rials_if_any(ledger.total(theirs, Side.CREDIT))


def told(plan: Plan) -> tuple[Notice, ...]:
    """Return what is to be told of a plan once it is carried out, before channels are chosen."""
    steps = (_Step(plan, line) for line in plan.transitions)
    return tuple(notice for step in steps for notice in _TOLD[step.line.action](step))


# What each action leads to. To the lender or the borrower, or to both.


def _requested(step: _Step) -> Iterator[Notice]:
    ticket = step.ticket
    money = {"fee": rials_if_any(ticket.fee)}
    yield step.tell(NoticeKind.TICKET_REQUESTED, ticket.lender_id, **money, **_period(ticket))


def _accepted(step: _Step) -> Iterator[Notice]:
    ticket = step.ticket
    money = {"total": rials(ticket.total), "deposit": rials_if_any(ticket.deposit)}
    yield step.tell(NoticeKind.TICKET_ACCEPTED, ticket.borrower_id, **money, **_period(ticket))


def _period(ticket: Ticket) -> dict[str, str]:
    return {
        "starts_at": instant(ticket.starts_at),
        "ends_at": instant(ticket.ends_at),
        "deadline_at": instant(ticket.deadline_at),
    }


def _declined(step: _Step) -> Iterator[Notice]:
    starts_at = instant(step.ticket.starts_at)
    yield step.tell(NoticeKind.TICKET_DECLINED, step.ticket.borrower_id, starts_at=starts_at)


def _cancelled(step: _Step) -> Iterator[Notice]:
    ticket, by = step.ticket, step.line.by
    reason = "lender_withdrew" if by == ticket.lender_id else "borrower_withdrew"
    if by is None:
        reason = _ENDED_UNANSWERED[step.line.source]
    for party in (ticket.borrower_id, ticket.lender_id):
        amount = step.received(party)
        if party != by or amount:
            yield step.tell(NoticeKind.TICKET_CANCELLED, party, reason=reason, amount=amount)


def _gave_way(step: _Step) -> Iterator[Notice]:
    """The lender has just accepted another request, and knows."""
    borrower = step.ticket.borrower_id
    yield step.tell(NoticeKind.TICKET_CANCELLED, borrower, reason="asset_taken")


def _paid(step: _Step) -> Iterator[Notice]:
    """What the lender does next depends on whether the loan has begun with the payment."""
    when, has_begun = _period(step.ticket), step.ticket.status is TicketStatus.ACTIVE
    for past in ("starts_at", "deadline_at") if has_begun else ("ends_at",):
        del when[past]
    amount = rials(step.ticket.total)
    yield step.tell(NoticeKind.TICKET_PAID, step.ticket.lender_id, amount=amount, **when)


def _handed_over(step: _Step) -> Iterator[Notice]:
    """Of an instant hand-over the borrower is told: the lender has just heard of the payment."""
    ticket = step.ticket
    reader = ticket.borrower_id if step.is_by_itself else ticket.lender_id
    yield step.tell(NoticeKind.TICKET_HANDED_OVER, reader, ends_at=instant(ticket.ends_at))


def _ending(step: _Step) -> Iterator[Notice]:
    ends_at = instant(step.ticket.ends_at)
    yield step.tell(NoticeKind.TICKET_ENDING, step.ticket.borrower_id, ends_at=ends_at)


def _ended(step: _Step) -> Iterator[Notice]:
    outcome = "return_assumed" if step.is_by_itself else ""
    for party in (step.ticket.borrower_id, step.ticket.lender_id):
        amount = step.received(party)
        yield step.tell(NoticeKind.TICKET_ENDED, party, outcome=outcome, amount=amount)


def _extension_asked(step: _Step) -> Iterator[Notice]:
    ticket = step.ticket
    if ticket.extension:
        yield step.tell(
            NoticeKind.EXTENSION_ASKED,
            ticket.lender_id,
            ends_at=instant(ticket.extension.ends_at),
            deadline_at=instant(ticket.extension.expires_at),
            fee=rials_if_any(ticket.extension.fee),
        )


def _extension_answered(answer: str) -> Callable[[_Step], Iterator[Notice]]:
    def tell(step: _Step) -> Iterator[Notice]:
        ticket, fee = step.ticket, ""
        if ticket.extension and answer == "accepted":
            fee = rials_if_any(ticket.extension.fee)
        facts = {"answer": answer, "ends_at": instant(ticket.ends_at), "fee": fee}
        yield step.tell(NoticeKind.EXTENSION_ANSWERED, ticket.borrower_id, **facts)

    return tell


def _disputed(step: _Step) -> Iterator[Notice]:
    ticket = step.ticket
    if ticket.dispute:
        claim, deadline_at = rials(ticket.dispute.claim), instant(ticket.deadline_at)
        reader = _other(ticket)
        yield step.tell(NoticeKind.DISPUTE_OPENED, reader, claim=claim, deadline_at=deadline_at)


def _claim_granted(step: _Step) -> Iterator[Notice]:
    ticket = step.ticket
    if ticket.dispute:
        answer = "claim_lapsed" if step.is_by_itself else "claim_accepted"
        opener, other = ticket.dispute.opened_by, _other(ticket)
        amount = step.received(opener)
        yield step.tell(NoticeKind.DISPUTE_ANSWERED, opener, answer=answer, amount=amount)
        amount = step.received(other)
        yield step.tell(NoticeKind.TICKET_ENDED, other, outcome=answer, amount=amount)


def _claim_contested(step: _Step) -> Iterator[Notice]:
    if step.ticket.dispute:
        opener = step.ticket.dispute.opened_by
        yield step.tell(NoticeKind.DISPUTE_ANSWERED, opener, answer="claim_contested")


def _resolved(step: _Step) -> Iterator[Notice]:
    ticket, dispute = step.ticket, step.ticket.dispute
    if dispute and dispute.to_lender is not None and dispute.to_borrower is not None:
        parts = {"to_lender": rials(dispute.to_lender), "to_borrower": rials(dispute.to_borrower)}
        for party in (ticket.borrower_id, ticket.lender_id):
            yield step.tell(NoticeKind.DISPUTE_RESOLVED, party, **parts)


def _other(ticket: Ticket) -> UUID:
    """Return the party that did not open the dispute."""
    is_lenders = ticket.dispute is not None and ticket.dispute.opened_by == ticket.lender_id
    return ticket.borrower_id if is_lenders else ticket.lender_id


_TOLD: Final[Mapping[Action, Callable[[_Step], Iterator[Notice]]]] = {
    Action.REQUEST: _requested,
    Action.ACCEPT: _accepted,
    Action.DECLINE: _declined,
    Action.CANCEL: _cancelled,
    Action.EXPIRE: _cancelled,
    Action.YIELD_ASSET: _gave_way,
    Action.PAY: _paid,
    Action.HANDOVER: _handed_over,
    Action.REMIND: _ending,
    Action.COMPLETE: _ended,
    Action.EXTEND: _extension_asked,
    Action.ACCEPT_EXTENSION: _extension_answered("accepted"),
    Action.DECLINE_EXTENSION: _extension_answered("declined"),
    Action.LAPSE_EXTENSION: _extension_answered("lapsed"),
    Action.DISPUTE: _disputed,
    Action.ACCEPT_CLAIM: _claim_granted,
    Action.CONTEST_CLAIM: _claim_contested,
    Action.RESOLVE: _resolved,
}
