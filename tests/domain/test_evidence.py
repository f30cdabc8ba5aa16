"""When people may add a note to a dispute, and how many."""

import pytest

from domain.errors import IllegalTransition, ValidationFailed
from domain.evidence import MOST_NOTES, check_note
from domain.ticket import Stage
from tests.given import a_ticket_at

UNDECIDED = {Stage.CLAIMED, Stage.CONTESTED}


@pytest.mark.parametrize("stage", Stage)
def test_notes_are_for_a_dispute_that_is_not_decided(stage: Stage) -> None:
    ticket = a_ticket_at(stage)

    if stage in UNDECIDED:
        check_note(ticket, 0)
        return
    with pytest.raises(IllegalTransition, match="add a note to a ticket that is") as refused:
        check_note(ticket, 0)
    assert refused.value.facts == {"status": ticket.status}


def test_there_is_an_end_of_words() -> None:
    ticket = a_ticket_at(Stage.CONTESTED)

    check_note(ticket, MOST_NOTES - 1)
    with pytest.raises(ValidationFailed, match="at most 200 notes"):
        check_note(ticket, MOST_NOTES)
