"""/ops/ledger/verify: prove the whole ledger, for operators."""

from fastapi import APIRouter

from api.deps import Held, Operator
from api.paths import PREFIX
from api.refusals import refusals
from api.schemas.proofs import VerificationOut
from models.queries import proofs

router = APIRouter(prefix=f"{PREFIX}/ops/ledger", tags=["operators"])


@router.get("/verify/", responses=refusals("not_authenticated", "forbidden"))
async def verify_ledger(_: Operator, services: Held) -> VerificationOut:
    """Prove every rial, as of one moment, while posting goes on.

    It reads the whole ledger: some seconds for each hundred thousand transactions. For a large
    one `./assets verify-ledger` does the same without a connection that may time out.
    """
    async with services.verifying, services.sessions() as session:
        return VerificationOut.of(await proofs.verify(session))
