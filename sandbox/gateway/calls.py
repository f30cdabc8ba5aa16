"""The bodies of the protocol's calls, and which of them are refused before anything is done."""

from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from sandbox.gateway.envelope import Refused


def _absolute(url: str) -> str:
    address = urlsplit(url)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise ValueError("The callback url is not valid.")
    return url


Filled = Annotated[str, Field(min_length=1)]


class Call(BaseModel):
    """What every call has. The merchant id is the only credential of the protocol."""

    merchant_id: Filled


class FeeCall(Call):
    """Amounts come as numbers or as text, in rials unless the currency is the toman (IRT)."""

    amount: int
    currency: Literal["IRR", "IRT"] = "IRR"

    @property
    def rials(self) -> int:
        return self.amount * (10 if self.currency == "IRT" else 1)


class Metadata(BaseModel):
    """Members may be left out but not be empty; their defaults are not validated."""

    mobile: str = Field("", pattern="^09[0-9]{9}$")
    email: str = Field("", pattern="^[^@ ]+@[^@ ]+$")
    order_id: str = Field("", min_length=1)
    auto_verify: bool = False


class RequestCall(FeeCall):
    description: Annotated[str, Field(min_length=1, max_length=500)]
    callback_url: Annotated[str, AfterValidator(_absolute)]
    metadata: Metadata = Metadata()
    wages: list[object] = []


class AuthorityCall(Call):
    authority: Filled


class VerifyCall(AuthorityCall):
    amount: int


C = TypeVar("C", bound=Call)


def read(form: type[C], body: object) -> C:
    """Check a body; in the sandbox any UUID is somebody's merchant id."""
    try:
        call = form.model_validate(body)
    except ValidationError as error:
        problems = [
            {".".join(map(str, one["loc"])) or "body": one["msg"]} for one in error.errors()
        ]
        raise Refused(-9, problems) from error
    if not _is_uuid(call.merchant_id):
        raise Refused(-10)
    return call


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
