"""One way to each step: what leads up to it, and the command that it gets."""

import base64
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text
from temporalio.testing import ActivityEnvironment

from activities.contracts.attention import Decided
from activities.contracts.card_reversals import AskCardReversal, CloseCardReversal
from activities.contracts.payments import (
    AttachAuthority,
    MarkPayment,
    NewPayment,
    Opened,
    SettlePayment,
    Unverified,
    Verified,
)
from activities.contracts.reconciliation import Compare, ComparePayment
from domain.attention import Outcome
from domain.messages.notice import Channel, Notice, NoticeKind
from domain.payment import Payment, PaymentStatus
from domain.reversal import NewReversal, ReversalDecision
from domain.ticket import Action, Stage
from domain.transfer import NewTransfer
from domain.withdrawal import NewWithdrawal, PayoutResult, WithdrawalDecision
from models.base import new_id
from models.database import Sessions
from models.encrypted import EncryptedColumn
from models.queries import messages, payments, withdrawals
from models.withdrawal import IBAN_COLUMN
from settings import Settings
from tests import given
from tests.activities.messengers import PERSONAL
from tests.activities.test_attention import a_need
from tests.crash_points.mortal import Step
from tests.given import DAY, NOW
from tests.lending import Lending

AMOUNT: Final = Decimal(250_000)
VERIFIED: Final = Verified("20123", "502229******5995", Decimal(1200))
_DAYS: Final = itertools.count()
_LET_GO: Final = text("UPDATE messages SET held_until = clock_timestamp() WHERE status = 'queued'")


@dataclass(frozen=True)
class World:
    """A platform, and sound steps that lead up to the one that dies."""

    settings: Settings
    sessions: Sessions
    simulator: httpx.AsyncClient
    steps: dict[str, Step]

    async def take(self, name: str, *command: object) -> Any:
        return await ActivityEnvironment().run(self.steps[name], *command)

    async def let_messages_go(self) -> None:
        """Let the time be over for which the one that died held them."""
        async with self.sessions.begin() as session:
            await session.execute(_LET_GO)


@dataclass(frozen=True)
class Call:
    """A step and its command.

    Attributes:
        says_again: Whether a repeat answers the same, or tells of what it did itself.
    """

    step: str
    command: tuple[object, ...] = field(default=())
    says_again: bool = True


Case = Callable[[World], Awaitable[Call]]


async def open_ticket(world: World) -> Call:
    wish = given.a_wish(await given.a_stored_asset(world.sessions), await a_user(world))
    return Call("open_ticket", (wish,))


def move_ticket(stage: Stage, action: Action) -> Case:
    async def case(world: World) -> Call:
        lending = await Lending.among_strangers(world.sessions)
        return Call("move_ticket", ((await lending.at(stage)).command(action),))

    return case


async def record_payment(world: World) -> Call:
    return Call("record_payment", (a_new_payment(await a_user(world)),))


async def attach_authority(world: World) -> Call:
    payment = await pending(world)
    page = Opened(f"S{uuid4().hex}000", "http://gateway/pay")
    return Call("attach_authority", (AttachAuthority(payment.id, page),))


async def mark_payment(world: World) -> Call:
    payment = await pending(world)
    return Call("mark_payment", (MarkPayment(payment.id, PaymentStatus.FAILED),))


async def settle_payment(world: World) -> Call:
    payment = await pending(world)
    return Call("settle_payment", (SettlePayment(payment.id, VERIFIED, NOW),))


async def keep_in_wallet(world: World) -> Call:
    lending = await Lending.among_strangers(world.sessions)
    loan = await lending.at(Stage.ACCEPTED)
    new = a_new_payment(lending.borrower, loan.id)
    await world.take("record_payment", new)
    await loan.take(Action.CANCEL)
    await world.take("settle_payment", SettlePayment(new.payment_id, VERIFIED, NOW))
    return Call("keep_in_wallet", (new.payment_id,))


async def open_at_gateway(world: World) -> Call:
    # The gateway names each page that is opened; whoever repeats sees the last one alone.
    return Call("open_at_gateway", (a_new_payment(await a_user(world)),), says_again=False)


def at_gateway(step: str) -> Case:
    async def case(world: World) -> Call:
        return Call(step, (await paid_at_gateway(world),))

    return case


async def reverse_at_gateway(world: World) -> Call:
    payment = await paid_at_gateway(world)
    await world.take("verify_at_gateway", payment)
    return Call("reverse_at_gateway", (payment,))


async def list_unverified(world: World) -> Call:
    await paid_at_gateway(world)
    return Call("list_unverified")


async def ask_card_reversal(world: World) -> Call:
    payment_id = await given.a_paid_payment(world.sessions, await a_user(world), AMOUNT)
    asked = AskCardReversal(payment_id, datetime.now(UTC), await a_user(world), line_id=new_id())
    return Call("ask_card_reversal", (asked,))


def close_card_reversal(*, done: bool) -> Case:
    async def case(world: World) -> Call:
        [asked] = (await ask_card_reversal(world)).command
        assert isinstance(asked, AskCardReversal)
        await world.take("ask_card_reversal", asked)
        return Call("close_card_reversal", (CloseCardReversal(asked.payment_id, done),))

    return case


async def ask_reversal(world: World) -> Call:
    sender, receiver = await a_rich_user(world), await a_user(world)
    sent = await world.take("transfer", a_transfer(sender, receiver))
    wish = NewReversal(new_id(), sent.transaction_id, "Twice", await a_user(world), NOW)
    return Call("ask_reversal", (wish,))


async def decide_reversal(world: World) -> Call:
    [wish] = (await ask_reversal(world)).command
    assert isinstance(wish, NewReversal)
    await world.take("ask_reversal", wish)
    by = await a_user(world)
    decision = ReversalDecision(wish.reversal_id, by, approved=True, note="Yes", at=NOW)
    return Call("decide_reversal", (decision,))


async def find_to_look_at(world: World) -> Call:
    payment = await paid_at_gateway(world)
    waiting = Unverified(payment.authority or "", payment.amount, None)
    return Call("find_to_look_at", ((waiting,),))


async def compare(world: World) -> Call:
    command = Compare((), is_whole=True)
    await world.take("compare", command)
    created_at = datetime.now(UTC) - timedelta(hours=1)
    await given.a_payment(world.sessions, status=PaymentStatus.PENDING, created_at=created_at)
    await world.take("list_need", a_need(since=created_at))
    return Call("compare", (command,))


async def compare_payment(world: World) -> Call:
    payment = await pending(world)
    return Call("compare_payment", (ComparePayment(payment.id, "VERIFIED"),))


async def seal_ledger(world: World) -> Call:
    await world.take("seal_ledger")
    await ask_and_take(world, ask_card_reversal)
    return Call("seal_ledger", says_again=False)


async def report_day(_: World) -> Call:
    return Call("report_day", (date(2020, 1, 1) + next(_DAYS) * DAY,))


def without_command(step: str) -> Case:
    async def case(world: World) -> Call:
        await a_rich_user(world)
        return Call(step)

    return case


async def find_days_to_report(_: World) -> Call:
    return Call("find_days_to_report", (7,))


async def list_need(_: World) -> Call:
    return Call("list_need", (a_need(),))


async def clear_need(world: World) -> Call:
    need = a_need()
    await world.take("list_need", need)
    return Call("clear_need", (need,))


async def record_decision(world: World) -> Call:
    need = a_need()
    await world.take("list_need", need)
    return Call("record_decision", (Decided(need, Outcome.RETRY, uuid4(), "olga", "Try"),))


async def transfer(world: World) -> Call:
    return Call("transfer", (a_transfer(await a_rich_user(world), await a_user(world)),))


async def ask_withdrawal(world: World) -> Call:
    return Call("ask_withdrawal", (await a_withdrawal(world),))


def decide_withdrawal(*, approved: bool) -> Case:
    async def case(world: World) -> Call:
        new = await a_withdrawal(world)
        await world.take("ask_withdrawal", new)
        by = await a_user(world)
        decision = WithdrawalDecision(new.withdrawal_id, by, approved, "looked at", NOW)
        return Call("decide_withdrawal", (decision,))

    return case


async def approved_withdrawal(world: World) -> WithdrawalDecision:
    [decision] = (await decide_withdrawal(approved=True)(world)).command
    assert isinstance(decision, WithdrawalDecision)
    await world.take("decide_withdrawal", decision)
    return decision


def close_withdrawal(bank_reference: str | None) -> Case:
    async def case(world: World) -> Call:
        decision = await approved_withdrawal(world)
        result = PayoutResult(decision.withdrawal_id, decision.by, bank_reference, None, NOW)
        return Call("close_withdrawal", (result,))

    return case


async def pay_out(world: World) -> Call:
    decision = await approved_withdrawal(world)
    async with world.sessions() as session:
        return Call("pay_out", (await withdrawals.get(session, decision.withdrawal_id),))


def deliver_message(channel: Channel) -> Case:
    async def case(world: World) -> Call:
        return Call("deliver_message", (await a_letter(world, channel),))

    return case


async def deliver_due_messages(world: World) -> Call:
    await world.take("deliver_due_messages")
    await a_letter(world, Channel.SMS)
    return Call("deliver_due_messages", says_again=False)


# By the name of the step, and what of it.
CASES: Final[dict[str, Case]] = {
    "open_ticket": open_ticket,
    "move_ticket, accept": move_ticket(Stage.PENDING, Action.ACCEPT),
    "move_ticket, pay": move_ticket(Stage.ACCEPTED, Action.PAY),
    "move_ticket, cancel what is paid": move_ticket(Stage.ESCROW, Action.CANCEL),
    "move_ticket, complete": move_ticket(Stage.ACTIVE, Action.COMPLETE),
    "move_ticket, accept an extension": move_ticket(Stage.OFFERED, Action.ACCEPT_EXTENSION),
    "move_ticket, resolve": move_ticket(Stage.CONTESTED, Action.RESOLVE),
    "record_payment": record_payment,
    "attach_authority": attach_authority,
    "mark_payment": mark_payment,
    "settle_payment": settle_payment,
    "keep_in_wallet": keep_in_wallet,
    "open_at_gateway": open_at_gateway,
    "verify_at_gateway": at_gateway("verify_at_gateway"),
    "inquire_at_gateway": at_gateway("inquire_at_gateway"),
    "status_at_gateway": at_gateway("status_at_gateway"),
    "reverse_at_gateway": reverse_at_gateway,
    "list_unverified": list_unverified,
    "ask_card_reversal": ask_card_reversal,
    "close_card_reversal, done": close_card_reversal(done=True),
    "close_card_reversal, refused": close_card_reversal(done=False),
    "ask_reversal": ask_reversal,
    "decide_reversal": decide_reversal,
    "find_to_look_at": find_to_look_at,
    "compare": compare,
    "compare_payment": compare_payment,
    "seal_ledger": seal_ledger,
    "find_days_to_report": find_days_to_report,
    "report_day": report_day,
    "check_counters": without_command("check_counters"),
    "list_need": list_need,
    "clear_need": clear_need,
    "record_decision": record_decision,
    "transfer": transfer,
    "ask_withdrawal": ask_withdrawal,
    "decide_withdrawal, approve": decide_withdrawal(approved=True),
    "decide_withdrawal, reject": decide_withdrawal(approved=False),
    "close_withdrawal, paid": close_withdrawal("bank-1"),
    "close_withdrawal, failed": close_withdrawal(None),
    "pay_out": pay_out,
    "deliver_message, by e-mail": deliver_message(Channel.EMAIL),
    "deliver_message, by text": deliver_message(Channel.SMS),
    "deliver_due_messages": deliver_due_messages,
}


async def ask_and_take(world: World, case: Case) -> None:
    call = await case(world)
    await world.take(call.step, *call.command)


async def a_user(world: World) -> UUID:
    return await given.a_user(world.sessions)


async def a_rich_user(world: World) -> UUID:
    user = await a_user(world)
    await given.money_in_wallet(world.sessions, user, 4 * AMOUNT)
    return user


def a_transfer(sender: UUID, receiver: UUID) -> NewTransfer:
    return NewTransfer(new_id(), sender, receiver, AMOUNT, "For the drill", NOW)


def a_new_payment(user: UUID, ticket: UUID | None = None) -> NewPayment:
    return NewPayment(new_id(), user, AMOUNT, ticket, datetime.now(UTC))


async def pending(world: World) -> Payment:
    new = a_new_payment(await a_user(world))
    recorded = await world.take("record_payment", new)
    return recorded.payment  # type: ignore[no-any-return]


async def paid_at_gateway(world: World) -> Payment:
    """A payment whose payer has paid, which nobody has claimed."""
    new = a_new_payment(await a_user(world))
    await world.take("record_payment", new)
    opened = await world.take("open_at_gateway", new)
    await world.take("attach_authority", AttachAuthority(new.payment_id, opened))
    wish = {"outcome": "pay", "callback": False}
    paid = await world.simulator.post(f"/control/pay/{opened.authority}", json=wish)
    assert paid.status_code == 200, paid.text
    async with world.sessions() as session:
        found = await payments.find(session, new.payment_id)
    assert found
    return found


async def a_withdrawal(world: World) -> NewWithdrawal:
    withdrawal_id, user = new_id(), await a_rich_user(world)
    column = EncryptedColumn(world.settings.keyring(), IBAN_COLUMN)
    sealed = column.encrypt(withdrawal_id, "IR062960000000100324200001")
    iban = base64.b64encode(sealed).decode()
    return NewWithdrawal(withdrawal_id, user, AMOUNT, iban, "0001", NOW)


async def a_letter(world: World, channel: Channel) -> UUID:
    """A message that nothing has become of, to somebody with a phone of their own."""
    user_id = new_id()
    phone = PERSONAL.sealed_phone(user_id, f"+989{user_id.int % 10**9:09}")
    await given.a_user(world.sessions, id=user_id, locale="en", **phone)
    kind = NoticeKind.TRANSFER_RECEIVED
    facts = {"amount": "1000", "balance": "1000"}
    async with world.sessions.begin() as session:
        return await messages.queue(session, Notice(kind, user_id, channel, facts=facts))
