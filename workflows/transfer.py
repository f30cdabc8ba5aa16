"""The life of one transfer: a single step. What it came to is kept as the workflow's result."""

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.contracts.wallet import TransferSteps
    from domain.transfer import NewTransfer, Transfer
    from workflows.attention import attention, finished
    from workflows.details import describe_transfer
    from workflows.messages import Ending, Refused
    from workflows.steadfast import steadfast
    from workflows.steps import take


@workflow.defn
class WalletTransfer:
    @workflow.init
    def __init__(self, new: NewTransfer) -> None:
        self._transfer: Transfer | None = None
        self._refused: ApplicationError | None = None

    @workflow.run
    @steadfast
    async def run(self, new: NewTransfer) -> Ending:
        """Return that it was posted, or why not: for callers who come after the end."""
        attention().tell(describe_transfer(new), new.amount)
        try:
            self._transfer = await take(TransferSteps.transfer, new, "Move the money")
        except ApplicationError as refusal:
            self._refused = refusal
        await finished()
        if self._refused:
            return Ending("refused", Refused.of(self._refused))
        return Ending("posted")

    @workflow.update(description="Wait until the transfer is posted, then return it.")
    async def posted(self) -> Transfer:
        await workflow.wait_condition(lambda: bool(self._transfer or self._refused))
        if self._transfer is None:
            raise self._refused or ApplicationError("not posted yet", type="engine_unavailable")
        return self._transfer
