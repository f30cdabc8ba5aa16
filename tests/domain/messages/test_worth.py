"""A message about a loan that has moved on is not worth sending."""

import pytest

from domain.messages.facts import instant
from domain.messages.notice import NoticeKind as K
from domain.messages.worth import is_still_so
from domain.ticket import Stage
from tests import given
from tests.given import DAY, NOW

END = instant(NOW + 4 * DAY)
ANY = list(Stage)
RUNNING = [Stage.ACTIVE, Stage.OFFERED]
UNDER_WAY = [Stage.ESCROW, *RUNNING, Stage.CLAIMED, Stage.CONTESTED]
WORTH: list[tuple[K, dict[str, str], list[Stage]]] = [
    (K.TICKET_REQUESTED, {}, [Stage.PENDING]),
    (K.TICKET_ACCEPTED, {}, [Stage.ACCEPTED]),
    (K.TICKET_DECLINED, {}, ANY),
    (K.TICKET_CANCELLED, {}, ANY),
    (K.TICKET_PAID, {}, UNDER_WAY),
    (K.TICKET_HANDED_OVER, {}, RUNNING),
    (K.TICKET_ENDING, {"ends_at": END}, RUNNING),
    (K.TICKET_ENDING, {"ends_at": instant(NOW)}, []),  # it ends later now
    (K.TICKET_ENDED, {}, ANY),
    (K.EXTENSION_ASKED, {"ends_at": instant(NOW + 6 * DAY)}, [Stage.OFFERED]),
    (K.EXTENSION_ASKED, {"ends_at": instant(NOW + 5 * DAY)}, []),  # another one is open
    (K.EXTENSION_ANSWERED, {"ends_at": END}, RUNNING),
    (K.EXTENSION_ANSWERED, {"ends_at": instant(NOW)}, []),
    (K.DISPUTE_OPENED, {}, [Stage.CLAIMED]),
    (K.DISPUTE_ANSWERED, {"answer": "claim_contested"}, [Stage.CONTESTED]),
    (K.DISPUTE_ANSWERED, {"answer": "claim_accepted"}, ANY),
    (K.DISPUTE_RESOLVED, {}, ANY),
    (K.PAYMENT_PAID, {}, ANY),
]


@pytest.mark.parametrize(("kind", "facts", "stages"), WORTH)
def test_a_message_about_a_loan_that_moved_on_is_worth_nothing(
    kind: K, facts: dict[str, str], stages: list[Stage]
) -> None:
    worth = [stage for stage in Stage if is_still_so(kind, facts, given.a_ticket_at(stage))]

    assert sorted(worth) == sorted(stages)
