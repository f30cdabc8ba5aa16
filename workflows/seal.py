"""Closes what was posted, and what was logged, under SHA-256 chains, round after round."""

from datetime import timedelta
from typing import Final

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.contracts.seals import Sealed, SealSteps
    from workflows import policies

LIMIT: Final = timedelta(minutes=5)  # the first round may find years of transactions
ROUNDS: Final = 100  # then it ends and its schedule begins it anew, with an empty history


@workflow.defn
class SealLedger:
    """What it says of the newest seal is kept here, out of reach of who rewrites the database."""

    @workflow.run
    async def run(self, pace: timedelta | None = None) -> str:
        """Seal once, or with a pace: a hundred times. Return the newest seal."""
        workflow.set_current_details("### Sealing the ledger and the audit log")
        sealed = await self._seal()
        if pace is not None:
            for _ in range(ROUNDS - 1):
                await workflow.sleep(pace, summary="seal what is posted meanwhile")
                sealed = await self._seal()
        return (
            f"the newest seal is {sealed.number}: sha256 {sealed.digest}; "
            f"of the audit log {sealed.log_number}: sha256 {sealed.log_digest}"
        )

    async def _seal(self) -> Sealed:
        sealed = await workflow.execute_activity_method(
            SealSteps.seal_ledger,
            start_to_close_timeout=LIMIT,
            retry_policy=policies.FOR_EVER,
            summary="Seal what is committed",
        )
        workflow.set_current_details(
            f"### The ledger is sealed\n- newest seal: {sealed.number}\n- sha256 `{sealed.digest}`"
            f"\n\n### The audit log is sealed\n- newest seal: {sealed.log_number}"
            f"\n- sha256 `{sealed.log_digest}`"
        )
        return sealed
