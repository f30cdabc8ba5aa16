"""Rows held against the ledger: each statement returns what differs, so no row is good news.

A row and its money change in one transaction and a statement sees one moment, so nothing that is
under way is ever mistaken for a mismatch here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.finding import Finding, FindingKind
from domain.money import ZERO

# What was posted for each business object: deposits (with whose wallet received how much), and how
# far money on its way out has come. `only` narrows it to one object.
_POSTED: Final = """
posted AS (
    SELECT t.ref,
        count(*) FILTER (WHERE t.kind = 'deposit') AS deposits,
        sum(t.amount) FILTER (WHERE t.kind = 'deposit') AS deposited,
        bool_or(taken.id IS NOT NULL) FILTER (WHERE t.kind = 'deposit') AS taken_back,
        sum(t.amount) FILTER (WHERE t.kind = 'withdrawal') AS asked,
        sum(t.amount) FILTER (WHERE t.kind = 'payout') AS paid_out,
        sum(t.amount) FILTER (WHERE t.kind = 'payout_return') AS returned
    FROM ledger_transactions t LEFT JOIN ledger_transactions taken ON taken.reverses = t.id
    WHERE t.kind IN ({kinds}) {only}
    GROUP BY t.ref
)
"""
_PAYMENTS: Final = """
WITH {posted}, received AS (
    SELECT t.ref, account.owner_id AS user_id, sum(entry.amount) AS amount
    FROM ledger_transactions t
    JOIN ledger_entries entry ON entry.transaction_id = t.id AND entry.type = 'credit'
    JOIN ledger_accounts account ON account.id = entry.account_id AND account.kind = 'user_wallet'
    WHERE t.kind = 'deposit' {only}
    GROUP BY t.ref, account.owner_id
), payment AS (
    SELECT 'payment:' || id AS ref, user_id, amount, status, coalesce(reversal, 'none') AS reversal
    FROM payments {where}
), compared AS (
    SELECT coalesce(payment.ref, posted.ref) AS ref, payment.status, payment.amount,
        posted.deposited, received.amount AS received,
        CASE WHEN payment.status IN ('paid', 'reversed')
            THEN posted.deposits = 1 AND posted.deposited = payment.amount
                AND received.amount = payment.amount
            ELSE posted.deposits IS NULL OR posted.deposits = 0
        END AS has_its_deposit,
        -- Asked, paid out, returned: what each step of the way back to the card has posted.
        (payment.amount * CASE WHEN payment.reversal = 'none' THEN 0 ELSE 1 END,
         payment.amount * CASE WHEN payment.reversal = 'done' THEN 1 ELSE 0 END,
         payment.amount * CASE WHEN payment.reversal = 'refused' THEN 1 ELSE 0 END)
        = (coalesce(posted.asked, 0), coalesce(posted.paid_out, 0), coalesce(posted.returned, 0))
        AND coalesce(posted.taken_back, false)
            = (payment.status = 'reversed' AND payment.reversal <> 'done') AS went_back_as_shown
    FROM payment FULL JOIN posted ON posted.ref = payment.ref
    LEFT JOIN received ON received.ref = payment.ref AND received.user_id = payment.user_id
)
SELECT ref, status, amount, deposited, received, has_its_deposit, went_back_as_shown
FROM compared
WHERE has_its_deposit IS NOT TRUE OR (amount IS NOT NULL AND went_back_as_shown IS NOT TRUE)
ORDER BY ref
"""
_WITHDRAWALS: Final = """
WITH {posted}, withdrawal AS (
    SELECT 'withdrawal:' || id AS ref, amount, status FROM withdrawals
)
SELECT coalesce(withdrawal.ref, posted.ref), withdrawal.status,
    coalesce(withdrawal.amount, posted.asked, posted.paid_out, posted.returned)
FROM withdrawal FULL JOIN posted ON posted.ref = withdrawal.ref
WHERE (withdrawal.ref IS NOT NULL OR posted.ref LIKE 'withdrawal:%') AND (
    withdrawal.amount,
    withdrawal.amount * CASE WHEN withdrawal.status = 'paid' THEN 1 ELSE 0 END,
    withdrawal.amount * CASE WHEN withdrawal.status IN ('rejected', 'failed') THEN 1 ELSE 0 END
) IS DISTINCT FROM (posted.asked, coalesce(posted.paid_out, 0), coalesce(posted.returned, 0))
ORDER BY 1
"""
# What must have a running workflow, by the workflow's id, with the money that waits for it.
_OPEN: Final = """
SELECT subject, status, amount FROM (
    SELECT 'ticket:' || ticket.id AS subject, ticket.status, coalesce(escrow.balance, 0) AS amount,
        ticket.updated_at AS since
    FROM tickets ticket LEFT JOIN ledger_accounts escrow
        ON escrow.kind = 'ticket_escrow' AND escrow.owner_id = ticket.id
    WHERE ticket.status IN ('pending', 'accepted', 'escrow', 'active')
    UNION ALL
    SELECT 'payment:' || id, status, amount, created_at FROM payments WHERE status = 'pending'
    UNION ALL
    SELECT 'card-reversal:' || id, reversal, amount, paid_at FROM payments WHERE reversal = 'asked'
    UNION ALL
    SELECT 'withdrawal:' || id, status, amount, coalesce(decided_at, created_at) FROM withdrawals
    WHERE status IN ('requested', 'approved')
    UNION ALL
    SELECT 'reversal:' || wish.id, wish.status, t.amount, wish.created_at
    FROM ledger_reversals wish JOIN ledger_transactions t ON t.id = wish.transaction_id
    WHERE wish.status = 'requested'
) AS open WHERE since < :before {only} ORDER BY subject
"""


@dataclass(frozen=True)
class OpenObject:
    """Something that is not over. `subject` is the id of the workflow that takes care of it."""

    subject: str
    status: str
    amount: Decimal


async def now(session: AsyncSession) -> datetime:
    """Return the database's time, which is one for all workers."""
    found: datetime = (await session.execute(text("SELECT now()"))).scalar_one()
    return found


async def be_patient(session: AsyncSession) -> None:
    """Let this transaction's statements read the whole ledger, which takes longer than a step."""
    await session.execute(text("SET LOCAL statement_timeout = '240s'"))


async def of_payments(session: AsyncSession, payment_id: UUID | None = None) -> list[Finding]:
    """Compare payments with the ledger: all of them and every deposit, or one."""
    ref = None if payment_id is None else f"payment:{payment_id}"
    kinds = "'deposit', 'withdrawal', 'payout', 'payout_return'"
    # The ledger's other payouts belong to withdrawals.
    only = "AND t.ref = :ref" if ref else "AND (t.kind = 'deposit' OR t.ref LIKE 'payment:%')"
    statement = _PAYMENTS.format(
        posted=_POSTED.format(kinds=kinds, only=only),
        only="AND t.ref = :ref" if ref else "",
        where="WHERE id = :payment_id" if ref else "",
    )
    values = {"ref": ref, "payment_id": payment_id} if ref else {}
    rows = (await session.execute(text(statement), values)).all()
    return [finding for row in rows for finding in _of_payment(row)]


def _of_payment(row: Sequence[object]) -> list[Finding]:
    ref, status, amount, deposited, received, has_its_deposit, went_back_as_shown = row
    subject, deposit = str(ref), _amount(deposited)
    found = []
    if not has_its_deposit:
        found.append(_of_deposit(subject, status, _amount(amount), deposit, _amount(received)))
    if amount is not None and not went_back_as_shown:
        detail = f"The payment is {status}; the ledger shows another story of its way back."
        found.append(Finding(FindingKind.REVERSAL_DIFFERS, subject, _amount(amount), detail))
    return found


def _of_deposit(
    subject: str, status: object, amount: Decimal, deposit: Decimal, received: Decimal
) -> Finding:
    if status not in {"paid", "reversed"}:
        shown = f"is {status}" if status else "does not exist"
        detail = f"{deposit:,} rials were deposited for a payment that {shown}."
        return Finding(FindingKind.DEPOSIT_WITHOUT_PAYMENT, subject, deposit, detail)
    detail = (
        f"The payment is {status} with {amount:,} rials; deposits of {deposit:,} rials are in the "
        f"ledger, of which the payer's wallet received {received:,}."
    )
    wrong = max(abs(amount - deposit), abs(amount - received)) or amount
    return Finding(FindingKind.PAID_WITHOUT_DEPOSIT, subject, wrong, detail)


async def of_withdrawals(session: AsyncSession) -> list[Finding]:
    """Compare every withdrawal with what left the wallet, left us, or came back."""
    kinds = "'withdrawal', 'payout', 'payout_return'"
    only = "AND t.ref NOT LIKE 'payment:%'"
    statement = _WITHDRAWALS.format(posted=_POSTED.format(kinds=kinds, only=only))
    return [
        Finding(
            FindingKind.WITHDRAWAL_DIFFERS,
            ref,
            _amount(amount),
            f"The withdrawal {f'is {status}' if status else 'does not exist'}; "
            "the ledger shows another story of its money.",
        )
        for ref, status, amount in await session.execute(text(statement))
    ]


async def open_objects(
    session: AsyncSession, before: datetime, subjects: Collection[str] | None = None
) -> list[OpenObject]:
    """List what was open and unchanged since `before`: all, or what is left of `subjects`."""
    only = "" if subjects is None else "AND subject = ANY(:subjects)"
    values: dict[str, object] = {"before": before}
    values |= {} if subjects is None else {"subjects": list(subjects)}
    rows = await session.execute(text(_OPEN.format(only=only)), values)
    return [OpenObject(subject, status, amount) for subject, status, amount in rows]


def _amount(value: object) -> Decimal:
    return value if isinstance(value, Decimal) else ZERO
