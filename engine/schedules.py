"""The schedules: what the platform does by itself, however many workers there are."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from domain import ids

RECONCILE: Final = "reconcile-payments"
SEAL: Final = "seal-ledger"
DELIVER: Final = "deliver-messages"
# By the name of their workflows: the engine starts them and knows no more of them.
WORKFLOWS: Final[Mapping[str, tuple[str, str]]] = {
    RECONCILE: ("ReconcilePayments", "Claim what was paid, and compare all records"),
    SEAL: ("SealLedger", "Seal what was posted"),
    DELIVER: ("SendQueued", "Begin with messages that nobody has started"),
}
# After an outage of the engine one run makes up for all that were missed.
CATCH_UP: Final = timedelta(minutes=1)


async def ensure(client: Client, task_queue: str, every: Mapping[str, timedelta]) -> None:
    """Make each schedule of `every` what it should be. Safe to repeat, by two workers at once.

    One that an operator has paused stays paused.
    """
    for name, interval in every.items():
        schedule = _schedule(name, task_queue, interval)
        try:
            await client.create_schedule(name, schedule)
        except ScheduleAlreadyRunningError:
            await _update(client, name, schedule)


async def _update(client: Client, name: str, schedule: Schedule) -> None:
    def as_it_should_be(found: ScheduleUpdateInput) -> ScheduleUpdate:
        schedule.state = found.description.schedule.state
        return ScheduleUpdate(schedule)

    await client.get_schedule_handle(name).update(as_it_should_be)


def _schedule(name: str, task_queue: str, interval: timedelta) -> Schedule:
    workflow, summary = WORKFLOWS[name]
    # Sealing goes on at this pace for a while, so that not each round of it is a workflow.
    pace = [interval] if name == SEAL else []
    queue = ids.messages_queue(task_queue) if name == DELIVER else task_queue
    return Schedule(
        action=ScheduleActionStartWorkflow(
            workflow, args=pace, id=name, task_queue=queue, static_summary=summary
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=interval)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
    )
