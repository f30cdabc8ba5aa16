"""Wire forms of accounts as operators see them, and as administrators change them."""

from typing import Any, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.schemas.common import ID, NOW, Body, TimeOut
from models.user import User, UserRole

_USER: Final[dict[str, Any]] = {
    "id": ID,
    "email": "leila@example.com",
    "email_verified": True,
    "full_name": "Leila Karimi",
    "role": "operator",
    "is_active": True,
    "locale": "fa",
    "created_at": NOW,
}


class OperatorUserOut(BaseModel):
    """Without phone number and national id, which operators do not need to find somebody."""

    model_config = ConfigDict(json_schema_extra={"examples": [_USER]})
    id: UUID
    email: str
    email_verified: bool
    full_name: str
    role: UserRole
    is_active: bool = Field(description="False: closed, nobody can log in.")
    locale: str
    created_at: TimeOut

    @classmethod
    def of(cls, user: User) -> Self:
        return cls.model_validate(user, from_attributes=True)


class UserChange(Body):
    """Fields that are absent stay as they are."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "operator"}]})
    role: UserRole | None = None
    is_active: bool | None = Field(default=None, strict=True)

    @model_validator(mode="after")
    def _nothing_is_null(self) -> Self:
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"`{name}` cannot be null.")
        return self
