"""A withdrawal from request to bank: operators decide, the money ends in one place."""

import asyncio
import base64
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio import activity
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from activities.contracts.wallet import PayoutAnswer, PayoutVerdict
from activities.payout import GatewayPayoutSteps
from activities.withdrawals import PostgresWithdrawalSteps
from domain import ids
from domain.ledger import AccountKind
from domain.withdrawal import (
    NewWithdrawal,
    PayoutResult,
    Withdrawal,
    WithdrawalDecision,
    WithdrawalStatus,
)
from gateways.errors import Declined, GatewayError, OutcomeUnknown, ResultClass
from gateways.payout import Paid, PayoutGateway, PayoutRequest
from models.base import new_id
from models.database import Sessions
from models.encrypted import EncryptedColumn
from models.queries import ledger, withdrawals
from models.withdrawal import IBAN_COLUMN
from tests import given
from tests.conftest import KEYS
from tests.payloads import texts_in
from tests.workflows.conftest import QUEUE
from workflows import policies
from workflows.messages import DecideWithdrawal, Ending, RecordPayout
from workflows.withdrawal import WalletWithdrawal

MONEY, AMOUNT = Decimal(1_000_000), Decimal(400_000)
IBAN = "IR062960000000100324200001"
IBANS = EncryptedColumn(KEYS, IBAN_COLUMN)
PATIENCE = timedelta(seconds=20)


@dataclass(frozen=True)
class Asked:
    """One withdrawal under test, and what operators can do about it."""

    handle: WorkflowHandle[Any, Ending]
    sessions: Sessions
    operator: UUID
    withdrawal: Withdrawal

    async def tell(
        self, update: str, word: DecideWithdrawal | RecordPayout, key: str | None = None
    ) -> Withdrawal:
        after: Withdrawal = await self.handle.execute_update(
            update, word, id=key or str(uuid4()), result_type=Withdrawal, rpc_timeout=PATIENCE
        )
        return after

    async def approve(self, reference: str | None = None) -> Withdrawal:
        return await self.tell("decide", DecideWithdrawal(self.operator, True, None, reference))

    async def reject(self) -> Withdrawal:
        return await self.tell("decide", DecideWithdrawal(self.operator, False, "not yours"))

    async def paid(self, reference: str = "REF-1") -> Withdrawal:
        return await self.tell("record", RecordPayout(self.operator, reference))

    async def failed(self) -> Withdrawal:
        return await self.tell("record", RecordPayout(self.operator, None, "account closed"))

    async def stored(self) -> Withdrawal:
        async with self.sessions() as session:
            return await withdrawals.get(session, self.withdrawal.id)

    async def wallet(self) -> Decimal:
        owner = self.withdrawal.user_id
        async with self.sessions() as session:
            return await ledger.balance(session, AccountKind.USER_WALLET, owner)

    async def needs_attention(self) -> bool:
        attributes = (await self.handle.describe()).typed_search_attributes
        return any(pair.key.name == "NeedsAttention" and pair.value for pair in attributes)


Ask = Callable[..., Awaitable[Asked]]


async def a_request(sessions: Sessions, amount: Decimal = AMOUNT) -> NewWithdrawal:
    user, withdrawal_id = await given.a_user(sessions), new_id()
    await given.money_in_wallet(sessions, user, MONEY)
    sealed = base64.b64encode(IBANS.encrypt(withdrawal_id, IBAN)).decode()
    return NewWithdrawal(withdrawal_id, user, amount, sealed, IBAN[-4:], datetime.now(UTC))


@pytest.fixture
def ask(client: Client, sessions: Sessions, seen: list[WorkflowHandle[Any, Any]]) -> Ask:
    async def ask_it(queue: str = QUEUE, amount: Decimal = AMOUNT) -> Asked:
        new = await a_request(sessions, amount)
        name = ids.withdrawal_workflow(new.withdrawal_id)
        start = WithStartWorkflowOperation(
            WalletWithdrawal.run,
            new,
            id=name,
            task_queue=queue,
            task_timeout=policies.TASK_TIMEOUT,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        handle = client.get_workflow_handle(name, result_type=Ending)
        seen.append(handle)
        withdrawal = await client.execute_update_with_start_workflow(
            "requested", start_workflow_operation=start, id="open", result_type=Withdrawal
        )
        return Asked(handle, sessions, await given.a_user(sessions), withdrawal)

    return ask_it


def refusal(failure: BaseException) -> tuple[str | None, str]:
    if isinstance(failure, RPCError):  # the workflow closed before it looked at this one
        assert failure.status is RPCStatusCode.NOT_FOUND, failure.status
        return "illegal_transition", str(failure)
    assert isinstance(failure, WorkflowUpdateFailedError), failure
    assert isinstance(failure.cause, ApplicationError)
    return failure.cause.type, failure.cause.message


async def test_an_approved_withdrawal_is_paid_by_hand(ask: Ask) -> None:
    asked = await ask()
    assert await asked.wallet() == MONEY - AMOUNT

    approved = await asked.approve()
    assert (approved.status, approved.decided_by) == ("approved", asked.operator)
    await given.eventually(asked.needs_attention)
    paid = await asked.paid()

    assert (paid.status, paid.bank_reference) == ("paid", "REF-1")
    assert await asked.handle.result() == Ending("paid")
    assert await asked.stored() == paid
    assert await asked.wallet() == MONEY - AMOUNT
    assert not await asked.needs_attention()


async def test_approving_with_a_bank_reference_records_both(ask: Ask) -> None:
    asked = await ask()

    paid = await asked.approve("REF-2")

    assert (paid.status, paid.bank_reference, paid.decided_by) == (
        "paid", "REF-2", asked.operator,
    )  # fmt: skip
    assert await asked.handle.result() == Ending("paid")


async def test_a_rejected_withdrawal_comes_back(ask: Ask) -> None:
    asked = await ask()

    rejected = await asked.reject()

    assert (rejected.status, rejected.note) == ("rejected", "not yours")
    assert await asked.wallet() == MONEY
    assert await asked.handle.result() == Ending("rejected")


async def test_a_failed_payout_comes_back(ask: Ask) -> None:
    asked = await ask()
    await asked.approve()

    failed = await asked.failed()

    assert (failed.status, failed.note) == ("failed", "account closed")
    assert await asked.wallet() == MONEY
    assert await asked.handle.result() == Ending("failed")


async def test_a_request_without_the_money_ends_refused(ask: Ask, client: Client) -> None:
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await ask(amount=MONEY + 1)

    assert refusal(refused.value)[0] == "insufficient_funds"


async def test_what_waits_says_who_wants_how_much_and_what_to_do(ask: Ask) -> None:
    asked = await ask()
    assert await asked.needs_attention()

    details = await asked.handle.query("__temporal_workflow_metadata")

    for word in (str(asked.withdrawal.user_id), "400,000", "approve or reject"):
        assert word in str(details)
    assert IBAN[-4:] not in str(details)
    await asked.approve()
    await given.eventually(asked.needs_attention)
    assert "transfer the money" in str(await asked.handle.query("__temporal_workflow_metadata"))


async def test_an_operator_in_the_wrong_status_hears_which_it_is(ask: Ask) -> None:
    asked = await ask()

    with pytest.raises(WorkflowUpdateFailedError) as early:
        await asked.paid()
    await asked.approve()
    with pytest.raises(WorkflowUpdateFailedError) as again:
        await asked.reject()

    assert refusal(early.value) == (
        "illegal_transition", "Cannot pay a withdrawal that is requested.",
    )  # fmt: skip
    assert refusal(again.value) == (
        "illegal_transition", "Cannot reject a withdrawal that is approved.",
    )  # fmt: skip
    assert await asked.wallet() == MONEY - AMOUNT


async def test_nobody_decides_about_their_own(ask: Ask) -> None:
    asked = await ask()
    own = DecideWithdrawal(asked.withdrawal.user_id, approved=True, bank_reference="REF")

    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await asked.tell("decide", own)

    assert refusal(refused.value)[0] == "forbidden"


async def test_a_repeated_decision_hears_the_first_answer(ask: Ask) -> None:
    asked = await ask()
    no = DecideWithdrawal(asked.operator, False, "not yours")

    first = await asked.tell("decide", no, key="click")
    await asked.handle.result()

    assert await asked.tell("decide", no, key="click") == first
    assert await asked.wallet() == MONEY


@pytest.mark.unsteady
async def test_of_yes_and_no_at_once_one_is_taken(ask: Ask) -> None:
    asked = await ask()

    outcomes = await asyncio.gather(
        *(decide() for decide in (asked.approve, asked.reject) * 4), return_exceptions=True
    )

    taken = [outcome for outcome in outcomes if isinstance(outcome, Withdrawal)]
    stored = await asked.stored()  # who said the same while it was done hears of it
    assert taken
    assert all(outcome == stored for outcome in taken)
    lost = [refusal(outcome) for outcome in outcomes if isinstance(outcome, BaseException)]
    assert {code for code, _ in lost} == {"illegal_transition"}
    rejected = taken[0].status is WithdrawalStatus.REJECTED
    assert await asked.wallet() == MONEY - (0 if rejected else AMOUNT)


@pytest.mark.unsteady
async def test_of_paid_and_failed_at_once_one_is_recorded(ask: Ask) -> None:
    asked = await ask()
    await asked.approve()

    outcomes = await asyncio.gather(
        *(record() for record in (asked.failed, asked.paid) * 4), return_exceptions=True
    )

    recorded = [outcome for outcome in outcomes if isinstance(outcome, Withdrawal)]
    stored = await asked.stored()
    assert recorded
    assert all(outcome == stored for outcome in recorded)
    lost = [refusal(outcome) for outcome in outcomes if isinstance(outcome, BaseException)]
    assert {code for code, _ in lost} == {"illegal_transition"}
    paid = recorded[0].status is WithdrawalStatus.PAID
    assert await asked.wallet() == MONEY - (AMOUNT if paid else 0)
    assert (await asked.handle.result()).status == recorded[0].status


@dataclass
class Bank(PayoutGateway):
    """A payout gateway that gives its answers one after the other."""

    answers: Iterator[Paid | GatewayError]
    asked: list[PayoutRequest] = field(default_factory=list)

    async def pay(self, request: PayoutRequest) -> Paid:
        self.asked.append(request)
        answer = next(self.answers)
        if isinstance(answer, GatewayError):
            raise answer
        return answer


@dataclass
class Lossy:
    """Takes the real steps and loses the first answer of each, after its commit."""

    steps: PostgresWithdrawalSteps
    payout: GatewayPayoutSteps
    lost: list[str] = field(default_factory=list)

    @activity.defn(name="ask_withdrawal")
    async def ask(self, new: NewWithdrawal) -> Withdrawal:
        return self._lose("ask", await self.steps.ask_withdrawal(new))

    @activity.defn(name="decide_withdrawal")
    async def decide(self, decision: WithdrawalDecision) -> Withdrawal:
        return self._lose("decide", await self.steps.decide_withdrawal(decision))

    @activity.defn(name="close_withdrawal")
    async def close(self, result: PayoutResult) -> Withdrawal:
        return self._lose("close", await self.steps.close_withdrawal(result))

    @activity.defn(name="pay_out")
    async def pay_out(self, withdrawal: Withdrawal) -> PayoutAnswer:
        answer = await self.payout.pay_out(withdrawal)
        assert answer.verdict is not PayoutVerdict.BY_HAND
        return answer

    def _lose(self, step: str, answer: Withdrawal) -> Withdrawal:
        if step not in self.lost:
            self.lost.append(step)
            raise ConnectionError("the line broke after COMMIT")
        return answer

    def worker(self, client: Client, queue: str) -> Worker:
        steps: list[Callable[..., Any]] = [self.ask, self.decide, self.close, self.pay_out]
        return Worker(client, task_queue=queue, workflows=[WalletWithdrawal], activities=steps)


def lossy(sessions: Sessions, *answers: Paid | GatewayError) -> Lossy:
    steps = PostgresWithdrawalSteps(sessions, Decimal(10_000))
    return Lossy(steps, GatewayPayoutSteps(Bank(iter(answers)), sessions, IBANS))


async def test_answers_lost_after_the_commit_move_no_money_twice(
    ask: Ask, client: Client, sessions: Sessions
) -> None:
    steps = lossy(sessions, OutcomeUnknown("cut"), Paid("BANK-1"))
    async with steps.worker(client, "withdrawal-lossy"):
        asked = await ask("withdrawal-lossy")
        await asked.approve()

        assert await asked.handle.result() == Ending("paid")

    assert steps.lost == ["ask", "decide", "close"]
    assert (await asked.stored()).bank_reference == "BANK-1"
    assert await asked.wallet() == MONEY - AMOUNT


async def test_a_banks_no_returns_the_money(ask: Ask, client: Client, sessions: Sessions) -> None:
    steps = lossy(sessions, Declined(7, "account closed", ResultClass.FINAL))
    async with steps.worker(client, "withdrawal-declined"):
        asked = await ask("withdrawal-declined")
        await asked.approve()

        assert await asked.handle.result() == Ending("failed")

    assert "account closed" in str((await asked.stored()).note)
    assert await asked.wallet() == MONEY


async def test_no_payload_and_no_log_holds_the_account(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asked = await ask()
    await asked.approve()
    await asked.paid()
    await asked.handle.result()

    opened = await texts_in(asked.handle)

    assert any(str(asked.withdrawal.user_id) in text for text in opened)
    for text in (*opened, caplog.text):
        assert IBAN not in text
        assert IBAN[4:] not in text
