"""What is left of a failure when Temporal stores it, and who can read it."""

import secrets

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError

from engine.client import data_converter

SERVER_LIMIT = 4096  # limit.mutableStateActivityFailureSize.error


@pytest.fixture
def converter() -> DataConverter:
    return data_converter({"k1": secrets.token_bytes(32)})


async def stored(converter: DataConverter, error: BaseException) -> Failure:
    failure = Failure()
    await converter.encode_failure(error, failure)
    return failure


def failed_statement(database_url: str) -> ProgrammingError:
    columns = ", ".join(f"'{number:040}'" for number in range(200))
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    with pytest.raises(ProgrammingError) as caught, engine.connect() as connection:
        connection.execute(text(f"SELECT {columns} FROM no_such_table"))
    engine.dispose()
    return caught.value


async def test_the_server_keeps_what_a_database_step_failed_of(
    converter: DataConverter, database_url: str
) -> None:
    failure = await stored(converter, failed_statement(database_url))

    assert failure.ByteSize() < SERVER_LIMIT
    read = await converter.decode_failure(failure)
    assert isinstance(read, ApplicationError)
    assert 'relation "no_such_table" does not exist' in read.message
    assert "[SQL:" not in read.message
    assert read.failure is not None
    assert 'File "tests/engine/test_failures.py"' in read.failure.stack_trace
    assert "in failed_statement" in read.failure.stack_trace
    assert "site-packages" not in read.failure.stack_trace


async def test_a_failure_of_any_length_and_depth_is_kept(converter: DataConverter) -> None:
    error: Exception = ValueError("x" * 10_000)
    for number in range(20):
        outer = RuntimeError(f"{number} " + "y" * 10_000)
        outer.__cause__ = error
        error = outer

    failure = await stored(converter, error)

    assert failure.ByteSize() < SERVER_LIMIT
    read = await converter.decode_failure(failure)
    assert str(read).startswith("RuntimeError: 19 yyy")
    assert isinstance(read.__cause__, ApplicationError)
    assert read.__cause__.message.startswith("18 yyy")


async def test_its_words_are_for_those_with_the_keys_and_its_type_for_all(
    converter: DataConverter,
) -> None:
    refusal = ApplicationError("Sara has too little", {"left": "5"}, type="insufficient_funds")

    failure = await stored(converter, refusal)

    assert b"Sara" not in failure.SerializeToString()
    assert failure.application_failure_info.type == "insufficient_funds"
    read = await converter.decode_failure(failure)
    assert isinstance(read, ApplicationError)
    assert (read.message, read.details) == ("Sara has too little", ({"left": "5"},))
