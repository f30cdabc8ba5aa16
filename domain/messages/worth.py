"""Whether a message that waited still says something that is so: loans move on without it."""

from collections.abc import Mapping
from typing import Final

from domain.messages.facts import instant
from domain.messages.notice import NoticeKind
from domain.ticket import Stage, Ticket

_RUNNING: Final = frozenset({Stage.ACTIVE, Stage.OFFERED})
_UNDER_WAY: Final = _RUNNING | {Stage.ESCROW, Stage.CLAIMED, Stage.CONTESTED}
# What is not here tells of an end, and stays true.
_WORTH_IN: Final[Mapping[NoticeKind, frozenset[Stage]]] = {
    NoticeKind.TICKET_REQUESTED: frozenset({Stage.PENDING}),
    NoticeKind.TICKET_ACCEPTED: frozenset({Stage.ACCEPTED}),
    NoticeKind.TICKET_PAID: _UNDER_WAY,
    NoticeKind.TICKET_HANDED_OVER: _RUNNING,
    NoticeKind.TICKET_ENDING: _RUNNING,
    NoticeKind.EXTENSION_ASKED: frozenset({Stage.OFFERED}),
    NoticeKind.EXTENSION_ANSWERED: _RUNNING,
    NoticeKind.DISPUTE_OPENED: frozenset({Stage.CLAIMED}),
}


def is_still_so(kind: NoticeKind, facts: Mapping[str, str], ticket: Ticket) -> bool:
    """Tell whether a message about a loan is worth sending, the ticket being what it is now."""
    if kind in _WORTH_IN and ticket.stage not in _WORTH_IN[kind]:
        return False
    match kind:
        case NoticeKind.TICKET_ENDING | NoticeKind.EXTENSION_ANSWERED:
            return facts.get("ends_at") == instant(ticket.ends_at)
        case NoticeKind.EXTENSION_ASKED:
            # Another offer than the one that it tells of may be open by now.
            offered = ticket.extension.ends_at if ticket.extension else None
            return facts.get("ends_at") == instant(offered)
        case NoticeKind.DISPUTE_ANSWERED if facts.get("answer") == "claim_contested":
            return ticket.stage is Stage.CONTESTED
    return True
