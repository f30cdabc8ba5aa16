"""Wire forms of accounts and logins."""

from typing import Annotated, Literal, Self
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    model_validator,
)

from api.schemas.common import ID, NOW, Body, TimeOut, Title
from models.user import User, UserRole


def _address(value: str) -> str:
    """Check the syntax alone, and let example.test pass, for people who try things out."""
    try:
        found = validate_email(
            value, check_deliverability=False, allow_smtputf8=False, test_environment=True
        )
    except EmailNotValidError as error:
        raise ValueError(str(error)) from error
    return (found.ascii_email or found.normalized).lower()


Email = Annotated[str, Field(max_length=254), AfterValidator(_address)]
NewPassword = Annotated[str, Field(min_length=12, max_length=128)]
GivenPassword = Annotated[str, Field(min_length=1, max_length=128)]
Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{7,15}$")]
Locale = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
_USER: dict[str, JsonValue] = {
    "id": ID,
    "email": "leila@example.com",
    "email_verified": False,
    "full_name": "Leila Karimi",
    "phone": "+989121234567",
    "role": "user",
    "locale": "fa",
    "created_at": NOW,
}


def _example(**fields: JsonValue) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [fields]})


class Registration(Body):
    model_config = _example(
        email="leila@example.com",
        password="correct horse battery",  # noqa: S106  (an example)
        full_name="Leila Karimi",
        phone="+989121234567",
        locale="fa",
    )
    email: Email
    password: NewPassword
    full_name: Title
    phone: Phone | None = None
    locale: Locale = "fa"


class Credentials(Body):
    model_config = _example(email="leila@example.com", password="correct horse battery")  # noqa: S106
    email: Email
    password: GivenPassword


class Refresh(Body):
    """Empty for browsers, whose cookie is used."""

    model_config = _example(refresh_token="R3x0m5yZb1lQ8sUuQ0o4kq2m8v7c6b5a4n3d2f1g0hj")  # noqa: S106
    refresh_token: Annotated[str, Field(min_length=20, max_length=200)] | None = None


class Profile(Body):
    """Fields that are absent stay as they are; `phone: null` removes the number."""

    model_config = _example(full_name="Leila Karimi-Rad", phone=None, locale="en")
    full_name: Title | None = None
    phone: Phone | None = None
    locale: Locale | None = None

    @model_validator(mode="after")
    def _only_the_phone_can_go(self) -> Self:
        for name in ("full_name", "locale"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"`{name}` cannot be null.")
        return self


class UserOut(BaseModel):
    model_config = _example(**_USER)
    id: UUID
    email: str
    email_verified: bool
    full_name: str
    phone: str | None
    role: UserRole
    locale: str
    created_at: TimeOut

    @classmethod
    def of(cls, user: User) -> Self:
        return cls.model_validate(user, from_attributes=True)


class BrowserLogin(BaseModel):
    """The tokens themselves travel as cookies that scripts cannot read."""

    model_config = _example(user=_USER, csrf_token="5f0c...e1", access_expires_at=NOW)  # noqa: S106
    user: UserOut
    csrf_token: str
    access_expires_at: TimeOut


class TokenPair(BaseModel):
    model_config = _example(
        access_token="eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9...",  # noqa: S106
        refresh_token="R3x0m5yZb1lQ8sUuQ0o4kq2m8v7c6b5a4n3d2f1g0hj",  # noqa: S106
        token_type="Bearer",  # noqa: S106
        expires_in=600,
    )
    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  (the scheme's name)
    expires_in: int = Field(description="Seconds until the access token expires.")


class CsrfToken(BaseModel):
    model_config = _example(csrf_token="5f0c...e1")  # noqa: S106
    csrf_token: str
