"""Wire forms of accounts and logins."""

from typing import Annotated, Literal, Self
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    model_validator,
)

from api.accounts.passwords import LONGEST, SHORTEST, normal
from api.schemas.common import ID, NOW, Body, TimeOut, Title
from domain.national_id import ending, parse_national_id
from domain.phone import PATTERN, parse_phone
from models.personal import PersonalData
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


Email = Annotated[
    str, Field(max_length=254, json_schema_extra={"format": "email"}), AfterValidator(_address)
]


def _one_form(value: object) -> object:
    return normal(value) if isinstance(value, str) else value


# Counted in the form in which they are hashed.
NewPassword = Annotated[
    str, BeforeValidator(_one_form), Field(min_length=SHORTEST, max_length=LONGEST)
]
GivenPassword = Annotated[str, BeforeValidator(_one_form), Field(min_length=1, max_length=LONGEST)]
Phone = Annotated[
    str,
    AfterValidator(parse_phone),
    Field(max_length=40, json_schema_extra={"pattern": PATTERN}),
]
NationalId = Annotated[
    str,
    AfterValidator(parse_national_id),
    Field(max_length=40, json_schema_extra={"pattern": "^[0-9]{10}$"}),
]
Locale = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
_USER: dict[str, JsonValue] = {
    "id": ID,
    "email": "leila@example.com",
    "email_verified": False,
    "full_name": "Leila Karimi",
    "phone": "+989121234567",
    "phone_verified": False,
    "national_id_end": None,
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
    """Fields that are absent stay as they are; `null` removes the phone or the national id.

    A phone number other than before has to be verified anew. A national id is shown again by its
    last four digits only.
    """

    model_config = _example(full_name="Leila Karimi-Rad", phone=None, locale="en")
    full_name: Title | None = None
    phone: Phone | None = None
    national_id: NationalId | None = None
    locale: Locale | None = None

    @model_validator(mode="after")
    def _name_and_language_stay(self) -> Self:
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
    phone_verified: bool
    national_id_end: str | None
    role: UserRole
    locale: str
    created_at: TimeOut

    @classmethod
    def of(cls, user: User, personal: PersonalData) -> Self:
        national_id = personal.national_id_of(user)
        return cls(
            id=user.id,
            email=user.email,
            email_verified=user.email_verified,
            full_name=user.full_name,
            phone=personal.phone_of(user),
            phone_verified=user.phone_verified,
            national_id_end=ending(national_id) if national_id else None,
            role=user.role,
            locale=user.locale,
            created_at=user.created_at,
        )


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
