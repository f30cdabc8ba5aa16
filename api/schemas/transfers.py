"""Wire forms of transfers between users."""

from contextlib import suppress
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, WithJsonSchema

from api.schemas.auth import Email
from api.schemas.common import ID, ID_2, NOW, AmountIn, AmountOut, Body, TimeOut, Title
from domain.transfer import Transfer

_UNNAMED: Final = "Transfer"
_EMAIL: Final = TypeAdapter[str](Email)
_TRANSFER: Final[dict[str, Any]] = {
    "transaction_id": ID,
    "amount": "250000.00",
    "to": ID_2,
    "balance": "1000000.00",
    "created_at": NOW,
}


def _named(value: object) -> UUID | str:
    if isinstance(value, str):
        with suppress(ValueError):
            return UUID(value.strip())
        with suppress(ValueError):  # of which Pydantic's error is one
            return _EMAIL.validate_python(value.strip())
    raise ValueError("A receiver is a user id or an e-mail address.")


def _described(value: object) -> object:
    """Let what says nothing be called what it is."""
    return _UNNAMED if value is None or (isinstance(value, str) and not value.strip()) else value


Receiver = Annotated[
    UUID | str,
    BeforeValidator(_named),
    WithJsonSchema(
        {"type": "string", "description": "Id or e-mail address of a user, in any case."}
    ),
]


class NewTransferIn(Body):
    """`description` is read by both sides."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"to": "omid@example.com", "amount": "250000", "description": "For the tent"}
            ]
        }
    )
    to: Receiver
    amount: AmountIn
    description: Annotated[Title, BeforeValidator(_described)] = _UNNAMED


class TransferOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_TRANSFER]})
    transaction_id: UUID
    amount: AmountOut
    to: UUID = Field(description="The receiver's user id.")
    balance: AmountOut = Field(description="What the sender's wallet held after it.")
    created_at: TimeOut

    @classmethod
    def of(cls, transfer: Transfer) -> Self:
        return cls(
            transaction_id=transfer.transaction_id,
            amount=transfer.amount,
            to=transfer.receiver_id,
            balance=transfer.balance,
            created_at=transfer.created_at,
        )
