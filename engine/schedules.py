"""The schedules: what the platform does by itself, however many workers there are."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from domain import ids
from domain.reports import Nightly

RECONCILE: Final = "reconcile-payments"
SEAL: Final = "seal-ledger"
DELIVER: Final = "deliver-messages"
REPORT: Final = "nightly-report"
# By the name of their workflows: the engine starts them and knows no more of them.
WORKFLOWS: Final[Mapping[str, tuple[str, str]]] = {
    RECONCILE: ("ReconcilePayments", "Claim what was paid, and compare all records"),
    SEAL: ("SealLedger", "Seal what was posted"),
    DELIVER: ("SendQueued", "Send the messages that are due"),
    REPORT: ("NightlyReport", "Count the days that are over"),
}
# After an outage of the engine one run makes up for all that were missed.
CATCH_UP: Final = timedelta(minutes=1)
# The next night is far away, so a run that was missed comes as soon as the engine is back.
CATCH_UP_NIGHT: Final = timedelta(days=1)
Pace = timedelta | Nightly


async def ensure(client: Client, task_queue: str, every: Mapping[str, Pace]) -> None:
    """Make each schedule of `every` what it should be. Safe to repeat, by two workers at once.

    One that an operator has paused stays paused.
    """
    for name, pace in every.items():
        schedule = _schedule(name, task_queue, pace)
        try:
            await client.create_schedule(name, schedule)
        except ScheduleAlreadyRunningError:
            await _update(client, name, schedule)


async def _update(client: Client, name: str, schedule: Schedule) -> None:
    def as_it_should_be(found: ScheduleUpdateInput) -> ScheduleUpdate:
        schedule.state = found.description.schedule.state
        return ScheduleUpdate(schedule)

    await client.get_schedule_handle(name).update(as_it_should_be)


def _schedule(name: str, task_queue: str, pace: Pace) -> Schedule:
    workflow, summary = WORKFLOWS[name]
    # These go on at this pace for a while, so that not each round of them is a workflow.
    arguments = [pace] if name in {SEAL, DELIVER} else []
    queue = ids.messages_queue(task_queue) if name == DELIVER else task_queue
    return Schedule(
        action=ScheduleActionStartWorkflow(
            workflow, args=arguments, id=name, task_queue=queue, static_summary=summary
        ),
        spec=_times(pace),
        policy=SchedulePolicy(
            overlap=ScheduleOverlapPolicy.SKIP,
            catchup_window=CATCH_UP_NIGHT if isinstance(pace, Nightly) else CATCH_UP,
        ),
    )


def _times(pace: Pace) -> ScheduleSpec:
    if not isinstance(pace, Nightly):
        return ScheduleSpec(intervals=[ScheduleIntervalSpec(every=pace)])
    nightly = ScheduleCalendarSpec(
        hour=[ScheduleRange(pace.at.hour)], minute=[ScheduleRange(pace.at.minute)]
    )
    return ScheduleSpec(calendars=[nightly], time_zone_name=pace.time_zone)
