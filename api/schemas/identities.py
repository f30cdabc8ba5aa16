"""Wire forms of accounts at other providers."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.schemas.auth import GivenPassword
from api.schemas.common import NOW, Body, TimeOut
from domain.identity import Provider
from models.identity import IdentityRow

# One slash and no backslash at its beginning: browsers read the others as another host.
NextPath = Annotated[
    str,
    StringConstraints(
        max_length=500, pattern=r"^/([\x21-\x2e\x30-\x5b\x5d-\x7e][\x21-\x5b\x5d-\x7e]*)?$"
    ),
]
_GOOGLE = "https://api.example.com/api/v1/auth/oauth/google/login/"
_PAGE = "https://accounts.google.com/o/oauth2/v2/auth?client_id=...&state=..."


class ProviderOut(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"provider": "google", "login_url": _GOOGLE}]}
    )
    provider: Provider
    login_url: str = Field(description="Where a browser goes to log in, with `?next=/path`.")


class LinkStart(Body):
    """`{}` is enough for who has just logged in."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"password": "correct horse battery", "next": "/profile"}]}
    )
    password: GivenPassword | None = Field(
        None, description="The account's own, when the login is older than ten minutes."
    )
    next: NextPath = Field("/", description="Where the frontend goes on afterwards.")


class LinkStarted(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"redirect_url": _PAGE}]})
    redirect_url: str = Field(description="Where this browser goes within ten minutes.")


class IdentityOut(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"provider": "google", "email": "leila@example.com", "created_at": NOW}]
        }
    )
    provider: Provider
    email: str | None = Field(description="As the provider named it when it was linked.")
    created_at: TimeOut

    @classmethod
    def of(cls, row: IdentityRow) -> Self:
        return cls.model_validate(row, from_attributes=True)
