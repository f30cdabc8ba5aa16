"""Holds what is stored to what people were told: nothing is lost, and nothing is there twice."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from http import HTTPStatus
from typing import Final, NamedTuple
from uuid import UUID

from chaos.journal import Held, Journal, Step
from chaos.records import Money, Records, RequestName, Transfer, Transition
from domain.ticket import TicketStatus
from domain.transitions import TABLE

_PREFIX: Final = "/api/v1"
_LEGAL: Final = frozenset((stage, action.value) for stage, action in TABLE)
# Whom an action is told, by the kind of the letter; the other party is the one who acted.
_LENDERS: Final = {
    "request": "ticket_requested",
    "pay": "ticket_paid",
    "extend": "extension_asked",
}
_BORROWERS: Final = {
    "accept": "ticket_accepted",
    "decline": "ticket_declined",
    "accept_extension": "extension_answered",
    "dispute": "dispute_opened",
}
_LETTERS: Final = {
    *_LENDERS.values(),
    *_BORROWERS.values(),
    "payment_paid",
    "transfer_received",
    "withdrawal_asked",
    "withdrawal_paid",
    "withdrawal_returned",
}
_OF_WITHDRAWALS: Final = {
    "paid": "withdrawal_paid",
    "rejected": "withdrawal_returned",
    "failed": "withdrawal_returned",
}


class Fault(NamedTuple):
    """One thing that is wrong. `check` is one of CHECKS, `subject` names what it is about."""

    check: str
    subject: str
    detail: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.detail}"


Found = Iterator[tuple[str, str]]


def faults(journals: Collection[Journal], records: Records) -> list[Fault]:
    """Return everything that contradicts what people were told."""
    return [
        Fault(name, subject, detail)
        for name, check in CHECKS.items()
        for subject, detail in check(journals, records)
    ]


def _tickets(journals: Collection[Journal], records: Records) -> Found:
    """Each acknowledged step is in its ticket's timeline once, and nobody's step is beside it."""
    told: defaultdict[UUID, list[tuple[UUID, Step]]] = defaultdict(list)
    for journal in journals:
        for step in journal.steps:
            told[step.ticket_id].append((journal.who, step))
    for ticket_id in sorted(told.keys() | records.tickets.keys()):
        steps = told[ticket_id]
        if ticket_id not in records.tickets:
            yield f"ticket {ticket_id}", f"was acknowledged and is lost: {_named(steps)}"
            continue
        timeline = records.transitions[ticket_id]
        asked = Counter((who, step.action) for who, step in steps)
        done = Counter((one.actor_id, one.action) for one in timeline if one.actor_id)
        for who, action in sorted(asked.keys() | done.keys()):
            if asked[who, action] != done[who, action]:
                detail = f"{action} by {who}: {asked[who, action]} times acknowledged, "
                yield f"ticket {ticket_id}", f"{detail}{done[who, action]} times done"
        yield from _timeline(ticket_id, timeline, records.tickets[ticket_id].status)


def _timeline(ticket_id: UUID, timeline: list[Transition], status: str) -> Found:
    """A timeline goes from step to step, by the table's rules, to where the ticket is."""
    before: str | None = None
    for line in timeline:
        if line.source != before:
            yield f"ticket {ticket_id}", f"{line.action} leads from {line.source}, not {before}"
        if before is not None and not _is_legal(before, line):
            yield f"ticket {ticket_id}", f"{line.action} is no step from {before}"
        before = line.target
    if before != status:
        yield f"ticket {ticket_id}", f"is {status}, and its timeline ends as {before}"


def _is_legal(status: str, line: Transition) -> bool:
    stages = {stage for stage, action in _LEGAL if action == line.action}
    return any(stage.value.partition(",")[0] == status for stage in stages)


def _named(steps: list[tuple[UUID, Step]]) -> str:
    return ", ".join(f"{step.action} by {who}" for who, step in steps)


def _payments(journals: Collection[Journal], records: Records) -> Found:
    told = {name: (one.who, held) for one in journals for name, held in one.payments.items()}
    yield from _money("payment", told, records.payments)


def _withdrawals(journals: Collection[Journal], records: Records) -> Found:
    told = {name: (one.who, held) for one in journals for name, held in one.withdrawals.items()}
    yield from _money("withdrawal", told, records.withdrawals)


def _money(
    kind: str, told: Mapping[UUID, tuple[UUID, Held]], stored: Mapping[UUID, Money]
) -> Found:
    for name in sorted(told.keys() | stored.keys()):
        if name not in stored:
            yield f"{kind} {name}", f"was acknowledged and is lost: {told[name][1]}"
        elif name not in told and stored[name].status != "failed":  # nobody was shown its page
            yield f"{kind} {name}", f"is there, and nobody was told of it: {stored[name]}"
        elif name in told:
            (_, held), row = told[name], stored[name]
            if (held.amount, held.status) != (row.amount, row.status):
                yield f"{kind} {name}", f"was told as {held}, and is stored as {row}"


def _transfers(journals: Collection[Journal], records: Records) -> Found:
    told = Counter(
        Transfer(sent.transaction_id, journal.who, sent.receiver_id, sent.amount)
        for journal in journals
        for sent in journal.sent
    )
    stored = Counter(records.transfers)
    for one in sorted(told.keys() | stored.keys()):
        if told[one] != stored[one]:
            detail = f"{told[one]} times acknowledged, {stored[one]} times in the statements"
            parties = f"from {one.sender_id} to {one.receiver_id}"
            yield f"transfer {one.id}", f"{one.amount:,} {parties}: {detail}"


def _balances(journals: Collection[Journal], records: Records) -> Found:
    for journal in journals:
        holds = records.wallets.get(journal.who)
        if (holds or 0) != journal.balance:
            detail = f"holds {holds}; by all that was acknowledged it is {journal.balance}"
            yield f"the wallet of {journal.who}", detail


def _answers(journals: Collection[Journal], records: Records) -> Found:
    """Whoever repeats a request, for ever, hears what was answered."""
    for journal in journals:
        for write in journal.writes:
            if write.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                continue  # it says "not now", and is asked anew
            name = RequestName(journal.who, write.method, _PREFIX + write.path, write.key)
            kept = records.requests.get(name)
            if kept is None or (kept.status, kept.body) != (write.status, write.body):
                detail = f"was answered {write.status} {write.body}, and what is kept is {kept}"
                yield f"{write.method} {write.path} (key {write.key})", detail


def _letters(_: Collection[Journal], records: Records) -> Found:
    """Everybody is told what happened to them, once."""
    due = Counter(_due(records))
    told = Counter({name: n for name, n in records.letters.items() if name[1] in _LETTERS})
    for reader, kind in sorted(due.keys() | told.keys()):
        if due[reader, kind] != told[reader, kind]:
            detail = f"{due[reader, kind]} due, {told[reader, kind]} there"
            yield f"letters about {kind} to {reader}", detail


def _due(records: Records) -> Iterator[tuple[UUID, str]]:
    yield from _due_of_loans(records)
    yield from _due_of_money(records)


def _due_of_loans(records: Records) -> Iterator[tuple[UUID, str]]:
    for ticket in records.tickets.values():
        for line in records.transitions[ticket.id]:
            if line.action in _LENDERS:
                yield ticket.lender_id, _LENDERS[line.action]
            if line.action in _BORROWERS:
                yield ticket.borrower_id, _BORROWERS[line.action]


def _due_of_money(records: Records) -> Iterator[tuple[UUID, str]]:
    for payment in records.payments.values():
        if payment.status in {"paid", "reversed"}:
            yield payment.user_id, "payment_paid"
    for transfer in records.transfers:
        yield transfer.receiver_id, "transfer_received"
    for withdrawal in records.withdrawals.values():
        yield withdrawal.user_id, "withdrawal_asked"
        if withdrawal.status in _OF_WITHDRAWALS:
            yield withdrawal.user_id, _OF_WITHDRAWALS[withdrawal.status]


def _events(_: Collection[Journal], records: Records) -> Found:
    for ticket_id, timeline in records.transitions.items():
        if records.events[ticket_id] != 2 * len(timeline):
            detail = f"{len(timeline)} transitions, {records.events[ticket_id]} events of them"
            yield f"ticket {ticket_id}", f"{detail} for its two parties"


CHECKS: Final[Mapping[str, Callable[[Collection[Journal], Records], Found]]] = {
    "each acknowledged step is in its ticket's timeline once, and no other": _tickets,
    "each payment is there once, as it was told": _payments,
    "each withdrawal is there once, as it was told": _withdrawals,
    "each transfer is in both statements once": _transfers,
    "each wallet holds what its owner was told, to the rial": _balances,
    "each answer is kept for who repeats the request": _answers,
    "each letter that was due is there once": _letters,
    "each step is in the log of events of both parties": _events,
}


def statuses(records: Records) -> Counter[str]:
    """Count the tickets by how they stand."""
    found = Counter(ticket.status for ticket in records.tickets.values())
    return Counter({status.value: found[status.value] for status in TicketStatus})
