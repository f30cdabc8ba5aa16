"""Wire forms of proving an address, and of a password that was forgotten."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from api.schemas.auth import Email, NewPassword
from api.schemas.common import Body
from domain.digits import compact

_TOKEN = "9mVqk1f7Jw0cZr2yTz8uXb3nLh5sPd6gRa4eQi-oKtE"  # noqa: S105  (an example)


def _example(**fields: JsonValue) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [fields]})


def _six(value: str) -> str:
    if len(value) != 6 or not (value.isascii() and value.isdigit()):
        raise ValueError("A code has 6 digits.")
    return value


Token = Annotated[str, Field(min_length=20, max_length=200)]
# In Persian digits too, which some telephones write by themselves.
Code = Annotated[
    str,
    Field(max_length=20, json_schema_extra={"pattern": "^[0-9]{6}$"}),
    BeforeValidator(lambda value: compact(value) if isinstance(value, str) else value),
    AfterValidator(_six),
]


class Queued(BaseModel):
    """A message is on its way, if there is somebody to read it."""

    model_config = _example(status="queued")
    status: Literal["queued"] = "queued"


class EmailProof(Body):
    """What the link of the message leads to the frontend with."""

    model_config = _example(token=_TOKEN)
    token: Token


class PhoneProof(Body):
    """The code of the SMS."""

    model_config = _example(code="204981")
    code: Code


class ForgottenPassword(Body):
    model_config = _example(email="leila@example.com")
    email: Email


class PasswordReset(Body):
    model_config = _example(
        token=_TOKEN,
        new_password="seven lamps over the bazaar",  # noqa: S106  (an example)
    )
    token: Token
    new_password: NewPassword
