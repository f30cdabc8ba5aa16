"""Closes what was posted since the last time under the ledger's SHA-256 chain. On a schedule."""

from datetime import timedelta
from typing import Final

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.contracts import SealSteps
    from workflows import policies

LIMIT: Final = timedelta(minutes=5)  # the first run may find years of transactions


@workflow.defn
class SealLedger:
    @workflow.run
    async def run(self) -> str:
        """Return the newest seal: kept here, it shows later whether the database was rewritten."""
        sealed = await workflow.execute_activity_method(
            SealSteps.seal_ledger,
            start_to_close_timeout=LIMIT,
            retry_policy=policies.FOR_EVER,
            summary="Seal what is committed",
        )
        return f"{sealed.made} new, the newest is {sealed.number}: sha256 {sealed.digest}"
