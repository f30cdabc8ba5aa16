"""A workflow that parks at once: what every one that can park has, and nothing else."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows.desk import Desk
    from workflows.messages import Decision


@workflow.defn
class ParkAtOnce:
    @workflow.init
    def __init__(self) -> None:
        self._desk = Desk()

    @workflow.run
    async def run(self) -> str:
        """Return what was decided."""
        decision = await self._desk.park("The amounts differ.", "`retry` looks again.")
        await workflow.wait_condition(workflow.all_handlers_finished)
        return decision.action

    @workflow.update
    async def operator_decide(self, decision: Decision) -> str:
        return await self._desk.receive(decision)

    @operator_decide.validator
    def _may_decide(self, decision: Decision) -> None:
        self._desk.check(decision)
