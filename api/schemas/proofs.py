"""Wire form of a verification of the ledger."""

from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import ID, NOW, AmountOut, TimeOut
from domain.proofs import Proof, Report, Violation

MOST_SHOWN: Final = 100  # of one proof: who finds more than that needs the database, not a page


class ViolationOut(BaseModel):
    subject: str = Field(description="The row or object, such as `entry {id}` or `ticket:{id}`.")
    detail: str

    @classmethod
    def of(cls, violation: Violation) -> Self:
        return cls(subject=violation.subject, detail=violation.detail)


class ProofOut(BaseModel):
    proof: str
    holds: bool
    broken: int = Field(description="How many rows or objects break it.")
    violations: list[ViolationOut] = Field(description=f"The first {MOST_SHOWN} of them.")

    @classmethod
    def of(cls, proof: Proof, broken: list[Violation]) -> Self:
        shown = [ViolationOut.of(violation) for violation in broken[:MOST_SHOWN]]
        return cls(proof=proof, holds=not broken, broken=len(broken), violations=shown)


class SealOut(BaseModel):
    number: int
    digest: str = Field(description="SHA-256 in hex; it stands for everything sealed before.")
    sealed_at: TimeOut


class VerificationOut(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "holds": False,
                    "at": NOW,
                    "transactions": 18250,
                    "entries": 41877,
                    "debits": "98765432100.00",
                    "credits": "98765432100.00",
                    "unsealed": 12,
                    "seal": {"number": 731, "digest": "9f86d081884c7d65" * 4, "sealed_at": NOW},
                    "proofs": [
                        {
                            "proof": Proof.CHAIN,
                            "holds": False,
                            "broken": 1,
                            "violations": [
                                {"subject": f"entry {ID}", "detail": "was changed after seal 730"}
                            ],
                        }
                    ],
                }
            ]
        }
    )
    holds: bool
    at: TimeOut = Field(description="All of it was read as of this moment.")
    transactions: int
    entries: int
    debits: AmountOut
    credits: AmountOut
    unsealed: int = Field(description="Transactions newer than the last seal.")
    seal: SealOut | None
    proofs: list[ProofOut]

    @classmethod
    def of(cls, report: Report) -> Self:
        seal = report.seal
        return cls(
            holds=not report.violations,
            at=report.at,
            transactions=report.transactions,
            entries=report.entries,
            debits=report.debits,
            credits=report.credits,
            unsealed=report.unsealed,
            seal=SealOut.model_validate(seal, from_attributes=True) if seal else None,
            proofs=[ProofOut.of(proof, report.broken(proof)) for proof in Proof],
        )
