"""What a person is told, in a line, when the surroundings fail and not the code."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError

_SETTINGS = "Set them in the environment or in .env; .env.example says what each one is."


def told(error: Exception) -> str | None:
    """Return what happened and what to do; of a mistake of ours None: it needs its traceback."""
    from pydantic import ValidationError
    from sqlalchemy.exc import DBAPIError
    from temporalio.service import RPCError

    if isinstance(error, ValidationError) and error.title == "Settings":
        return f"The settings are not complete, or wrong. {_complaints(error)}. {_SETTINGS}"
    if isinstance(error, DBAPIError):
        return _of_database(error.orig)
    if isinstance(error, RPCError):
        return (
            f"Temporal did not do it: {error}. Are TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE right?"
        )
    if isinstance(error, RuntimeError) and str(error).startswith("Failed client connect"):
        return "Temporal does not answer. Is it running, and is TEMPORAL_ADDRESS right?"
    return _of_database(error)


def _complaints(error: "ValidationError") -> str:
    """Name each setting with what is wrong about it, never with its value."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    missing = ", ".join(str(each["loc"][0]).upper() for each in found if each["type"] == "missing")
    wrong = [
        ": ".join([*(str(name).upper() for name in each["loc"][:1]), each["msg"]])
        for each in found
        if each["type"] != "missing"
    ]
    return "; ".join([*([f"Missing: {missing}"] if missing else []), *wrong])


def _of_database(error: BaseException | None) -> str | None:
    from psycopg import OperationalError
    from psycopg.errors import UndefinedColumn, UndefinedFunction, UndefinedTable

    said = str(error).partition("\n")[0]
    if isinstance(error, (UndefinedTable, UndefinedColumn, UndefinedFunction)):
        return f"The database is not that of this version: {said}. Migrate it: alembic upgrade head"
    if isinstance(error, OperationalError):
        return f"PostgreSQL did not do it: {said}. Is it running, and is DATABASE_URL right?"
    return None
