"""What is told of a failure: its kind and our own words, and nothing that somebody entrusted."""

from decimal import Decimal

import pytest
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.exc import IntegrityError
from temporalio.exceptions import ApplicationError

from activities.contracts.refusal import refuse
from domain.errors import InsufficientFunds
from gateways.errors import Unavailable
from telemetry.words import in_our_words, is_refusal, kind_of, told_of

SECRET = "sara@example.test"


def foreign() -> Exception:
    try:
        TypeAdapter(int).validate_python(SECRET)
    except ValidationError as error:
        return error
    raise AssertionError("it takes anything")


@pytest.mark.parametrize(
    "error",
    [
        foreign(),
        IntegrityError("INSERT ...", {"email": SECRET}, Exception(f"Key (email)=({SECRET})")),
        # What a plain exception of a step has become when it arrives in the workflow.
        ApplicationError(f"Key (email)=({SECRET})", type="IntegrityError"),
    ],
    ids=kind_of,
)
def test_words_of_others_are_left_out(error: Exception) -> None:
    wrapped = RuntimeError("ours to say")
    wrapped.__cause__ = error

    assert in_our_words(error) == kind_of(error)
    for told in (told_of(error), told_of(wrapped)):
        assert SECRET not in str(told)
    assert told_of(wrapped)["caused_by"] == [kind_of(error)]


def test_words_of_ours_are_told() -> None:
    assert in_our_words(Unavailable("nobody answers")) == "Unavailable: nobody answers"
    assert told_of(Unavailable("nobody answers"))["message"] == "nobody answers"


def test_a_refusal_is_known_by_its_code() -> None:
    refusal = refuse(InsufficientFunds(Decimal(5)))

    assert is_refusal(refusal)
    assert not is_refusal(Unavailable("nobody answers"))
    assert in_our_words(refusal).startswith("insufficient_funds: ")


def test_it_says_where_it_happened() -> None:
    try:
        foreign_failure()
    except ZeroDivisionError as error:
        told = told_of(error)

    assert told["error"] == "ZeroDivisionError"
    assert told["where"][-1].startswith("tests/telemetry/test_words.py:")
    assert told["where"][-1].endswith(" foreign_failure")


def foreign_failure() -> float:
    return 1 / 0
