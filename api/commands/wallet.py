"""The commands that HTTP gives to transfers and withdrawals. Failures: api/commands/failures.py."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

from temporalio.client import Client, WithStartWorkflowOperation, WorkflowFailureError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from api.commands.failures import started, translated
from api.problems import Refusal, engine_unavailable
from domain import ids
from domain.transfer import NewTransfer, Transfer
from domain.withdrawal import NewWithdrawal, Withdrawal
from workflows.messages import DecideWithdrawal, Ending, RecordPayout
from workflows.policies import TASK_TIMEOUT
from workflows.transfer import WalletTransfer
from workflows.withdrawal import WalletWithdrawal

Flow = TypeVar("Flow")
New = TypeVar("New", NewTransfer, NewWithdrawal)

# Any, because the SDK's types for `update(description=...)` wrap each result once too often.
_POSTED: Final[Any] = WalletTransfer.posted
_REQUESTED: Final[Any] = WalletWithdrawal.requested
_DECIDE: Final[Any] = WalletWithdrawal.decide
_RECORD: Final[Any] = WalletWithdrawal.record
_OPEN: Final = "open"  # one name for the first update: a repeated request hears the same outcome


@dataclass(frozen=True)
class WalletCommands:
    client: Client
    task_queue: str

    async def transfer(self, new: NewTransfer) -> Transfer:
        """Start a transfer and return it once it is posted. Safe to repeat.

        Raises:
            Refusal: A rule refused it, or the engine is away.
            Closed: It was begun before and has ended, and nobody heard how.
        """
        start = self._start(WalletTransfer.run, new, ids.transfer_workflow(new.transfer_id))
        async with translated(), started(start):
            transfer: Transfer = await self.client.execute_update_with_start_workflow(
                _POSTED, start_workflow_operation=start, id=_OPEN
            )
        return transfer

    async def refusal_of(self, workflow_id: str) -> Refusal:
        """Return why a closed workflow did nothing.

        Raises:
            Refusal: It did something, or the engine is away.
        """
        ended = self.client.get_workflow_handle(workflow_id, result_type=Ending)
        async with translated():
            try:
                ending = await ended.result()
            except WorkflowFailureError as failure:  # an operator terminated it
                raise engine_unavailable() from failure
        if ending.refused is None:
            raise engine_unavailable()
        return Refusal(ending.refused.code, ending.refused.message, ending.refused.facts)

    async def ask_withdrawal(self, new: NewWithdrawal) -> Withdrawal:
        """Start a withdrawal and return it once its money left the wallet. Safe to repeat.

        Raises:
            Refusal: A rule refused it, or the engine is away.
            Closed: It was begun before and has ended.
        """
        start = self._start(WalletWithdrawal.run, new, ids.withdrawal_workflow(new.withdrawal_id))
        async with translated(), started(start):
            withdrawal: Withdrawal = await self.client.execute_update_with_start_workflow(
                _REQUESTED, start_workflow_operation=start, id=_OPEN
            )
        return withdrawal

    async def about_withdrawal(
        self, withdrawal_id: UUID, word: DecideWithdrawal | RecordPayout, command_id: str
    ) -> Withdrawal:
        """Give an operator's word to a withdrawal and return it as it is then. Safe to repeat.

        Raises:
            Refusal: A rule refused it, or the engine is away.
            Closed: The withdrawal has ended.
        """
        name = ids.withdrawal_workflow(withdrawal_id)
        withdrawal = self.client.get_workflow_handle(name)
        update = _DECIDE if isinstance(word, DecideWithdrawal) else _RECORD
        async with translated():
            after: Withdrawal = await withdrawal.execute_update(update, word, id=command_id)
        return after

    def _start(
        self, run: Callable[[Flow, New], Awaitable[Ending]], new: New, name: str
    ) -> WithStartWorkflowOperation[Flow, Ending]:
        return WithStartWorkflowOperation(
            run,
            new,
            id=name,
            task_queue=self.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            task_timeout=TASK_TIMEOUT,
            static_summary=f"{name.partition(':')[0].capitalize()} of {new.amount:,.2f} rials",
        )
