"""Wire forms of withdrawals, as their users see them and as operators do."""

from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)

from api.schemas.common import (
    ID,
    ID_2,
    NOW,
    AmountIn,
    AmountOut,
    Body,
    Note,
    Stripped,
    TimeOut,
    Word,
)
from domain.iban import masked, parse_iban
from domain.money import CURRENCY
from domain.withdrawal import Withdrawal, WithdrawalStatus

_IBAN: Final = "IR830120010000001387998021"
_WITHDRAWAL: Final[dict[str, Any]] = {
    "id": ID,
    "amount": "1500000.00",
    "currency": CURRENCY,
    "iban": masked(_IBAN[-4:]),
    "status": "requested",
    "bank_reference": None,
    "note": None,
    "created_at": NOW,
    "closed_at": None,
}
_FOR_OPERATORS: Final[dict[str, Any]] = {
    "user_id": ID_2,
    "decided_by": None,
    "closed_by": None,
    "iban": _IBAN,
}
Iban = Annotated[
    str,
    BeforeValidator(parse_iban),
    WithJsonSchema(
        {
            "type": "string",
            "description": "Sheba: IR and 24 digits; spaces, dashes, Persian digits are fine.",
        }
    ),
]


def _words(text: str) -> str:
    if not text:
        raise ValueError("Say why: the user reads it.")
    return text


Reason = Annotated[Note, Stripped, AfterValidator(_words)]


class NewWithdrawalIn(Body):
    """Whole rials, at least 10,000 unless the deployment says otherwise."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"amount": "1500000", "iban": _IBAN}]}
    )
    amount: AmountIn
    iban: Iban = Field(repr=False)


class WithdrawalOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_WITHDRAWAL]})
    id: UUID
    amount: AmountOut
    currency: str
    iban: str = Field(description="Its last four digits, the others hidden.")
    status: WithdrawalStatus
    bank_reference: str | None = Field(description="The bank's name for the transfer.")
    note: str | None = Field(description="What the operator said about it.")
    created_at: TimeOut
    closed_at: TimeOut | None = Field(description="When it was paid, or the money came back.")

    @classmethod
    def of(cls, withdrawal: Withdrawal) -> Self:
        return cls.model_validate(_shown(withdrawal, masked(withdrawal.iban_end)))


class OperatorWithdrawalOut(WithdrawalOut):
    """Answers to a decision hide the account again: they are kept for repeats of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WITHDRAWAL | _FOR_OPERATORS]})
    user_id: UUID
    decided_by: UUID | None = Field(description="The operator who approved or rejected it.")
    closed_by: UUID | None = Field(description="The operator who said how it ended.")
    iban: str = Field(
        description="Where to pay to; in answers to a decision only its last digits.", repr=False
    )

    @classmethod
    def with_iban(cls, withdrawal: Withdrawal, iban: str) -> Self:
        return cls.model_validate(_shown(withdrawal, iban))


def _shown(withdrawal: Withdrawal, iban: str) -> dict[str, object]:
    return vars(withdrawal) | {"currency": CURRENCY, "iban": iban}


class Approval(Body):
    """With `bank_reference` the transfer is recorded as made, too."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "Checked by phone"}]})
    note: Note | None = None
    bank_reference: Word | None = None


class Rejection(Body):
    """The user reads the note."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"note": "The account is in another name."}]}
    )
    note: Annotated[Note, Stripped] | None = None


class PaidByBank(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"bank_reference": "140209"}]})
    bank_reference: Word


class FailedAtBank(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "The account is closed."}]})
    note: Reason
