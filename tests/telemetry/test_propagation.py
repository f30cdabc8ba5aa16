"""What a header says of a command's cause, and who may say more."""

from temporalio.converter import PayloadConverter

from telemetry.cause import NOTHING, Cause
from telemetry.propagation import HEADER, cause_in


def test_what_a_newer_version_says_beside_it_does_no_harm() -> None:
    said = {"request_id": "r-1", "actor": "somebody", "what_we_do_not_know": 7}
    [payload] = PayloadConverter.default.to_payloads([said])

    assert cause_in({HEADER: payload}) == Cause(request_id="r-1", actor="somebody")


def test_nobody_has_to_say_anything() -> None:
    assert cause_in({}) == NOTHING
