"""Why the running workflow needs a person: its details say so, and an attribute that is listed.

Several reasons may hold at once. Each is added and taken away by who knows of it, and one place
shows what they come to.
"""

import asyncio
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate
from temporalio.workflow import ActivityHandle

from activities.contracts.attention import AttentionSteps
from domain.attention import Need, Trouble
from workflows.attributes import NEEDS_ATTENTION
from workflows.policies import FOR_EVER, STEP_LIMIT, STUCK_AFTER

NOTHING: Final = Decimal(0)
_WAIT_FOR_IT: Final = (
    "Mend the cause; the last failure stands under *Pending Activities*. "
    "Then it goes on by itself, within seconds: nothing has to be sent."
)


class Attention:
    """What one workflow shows of itself."""

    def __init__(self) -> None:
        self._details = ""
        self._amount = NOTHING
        self._has_business = False
        self._needs: dict[UUID, Need] = {}
        self._is_shown = False
        self._watches: set[asyncio.Task[None]] = set()

    def tell(self, details: str, amount: Decimal = NOTHING) -> None:
        """Say what the workflow is about, and how many rials hang on it."""
        self._details, self._amount = details, amount
        self._render()

    def has_business(self, has: bool) -> list[SearchAttributeUpdate[Any]]:  # noqa: FBT001
        """Say whether an operator's word is due in the ordinary course of its business.

        Returns:
            What the caller has to upsert, in one event with whatever else there is.
        """
        self._has_business = has
        return self._change()

    def add(self, kind: Trouble, cause: str, todo: str) -> Need:
        """Say that it cannot go on: why, a sentence for people, and what they can do."""
        me = workflow.info()
        need = Need(
            id=workflow.uuid4(),
            workflow_id=me.workflow_id,
            workflow_type=me.workflow_type,
            kind=kind,
            cause=cause,
            todo=todo,
            amount=self._amount,
            since=workflow.now(),
        )
        self._needs[need.id] = need
        self._show()
        return need

    def remove(self, need: Need) -> None:
        self._needs.pop(need.id)
        self._show()

    def _show(self) -> None:
        changes = self._change()
        if changes:
            workflow.upsert_search_attributes(changes)
        self._render()

    def _change(self) -> list[SearchAttributeUpdate[Any]]:
        wanted = self._has_business or bool(self._needs)
        if wanted is self._is_shown:
            return []
        self._is_shown = wanted
        return [NEEDS_ATTENTION.value_set(wanted)]

    def _render(self) -> None:
        troubles = [f"### Needs attention\n\n{n.cause}\n\n{n.todo}" for n in self._needs.values()]
        workflow.set_current_details("\n\n".join(filter(None, [*troubles, self._details])))

    # Steps that keep failing.

    def begin_to_watch(self, step: ActivityHandle[Any], name: str) -> None:
        """Tell operators of a step that does not succeed within a minute, until it does.

        Beside the step, so that nobody who waits for it waits for this. It tells them without the
        database, which may be the cause: their list there follows once it is back.
        """
        watch = asyncio.create_task(self._watch(step, name))
        self._watches.add(watch)
        watch.add_done_callback(self._watches.discard)

    async def _watch(self, step: ActivityHandle[Any], name: str) -> None:
        begun = workflow.now()
        try:
            await workflow.wait_condition(
                step.done, timeout=STUCK_AFTER, timeout_summary=f"then say that it fails: {name}"
            )
        except TimeoutError:
            cause = f"The step “{name}” has been failing since {begun:%Y-%m-%d %H:%M} UTC."
            await self._tell_of(step, self.add(Trouble.STUCK, cause, _WAIT_FOR_IT))

    async def _tell_of(self, step: ActivityHandle[Any], need: Need) -> None:
        listed = workflow.start_activity_method(
            AttentionSteps.list_need,
            need,
            start_to_close_timeout=STEP_LIMIT,
            retry_policy=FOR_EVER,
            summary="List it for operators",
        )
        await workflow.wait_condition(step.done)
        self.remove(need)
        await listed
        await workflow.execute_activity_method(
            AttentionSteps.clear_need,
            need,
            start_to_close_timeout=STEP_LIMIT,
            retry_policy=FOR_EVER,
            summary="Take it off the operators' list",
        )

    def is_settled(self) -> bool:
        return not self._watches


def attention() -> Attention:
    """Return what the running workflow shows of itself; each has one of its own."""
    own: Attention = vars(workflow.instance()).setdefault("_attention", Attention())
    return own


async def finished() -> None:
    """Wait until whoever asked has an answer and nothing is left to tell: then it may end."""
    await workflow.wait_condition(workflow.all_handlers_finished)
    await workflow.wait_condition(attention().is_settled)
