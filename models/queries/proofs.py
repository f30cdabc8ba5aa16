"""The proofs of the ledger: each statement returns what breaks it, so no row is good news."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.proofs import KnownSeal, Proof, Report, Seal, Violation
from models.queries import seals

_BALANCED: Final = """
SELECT 'transaction ' || coalesce(t.id, e.transaction_id),
    format('debits %s, credits %s, amount %s', e.debit, e.credit, t.amount)
FROM ledger_transactions t FULL JOIN (
    SELECT transaction_id, sum(amount) FILTER (WHERE type = 'debit') AS debit,
        sum(amount) FILTER (WHERE type = 'credit') AS credit
    FROM ledger_entries GROUP BY transaction_id
) e ON e.transaction_id = t.id
WHERE e.debit IS DISTINCT FROM e.credit OR e.debit IS DISTINCT FROM t.amount
"""
_IN_TOTAL: Final = """
SELECT 'ledger', format('debits %s, credits %s', debit, credit) FROM (
    SELECT coalesce(sum(amount) FILTER (WHERE type = 'debit'), 0) AS debit,
        coalesce(sum(amount) FILTER (WHERE type = 'credit'), 0) AS credit
    FROM ledger_entries
) AS total WHERE debit <> credit
"""
_BALANCES: Final = """
SELECT 'account ' || a.id,
    format('%s of %s: balance %s, entries %s', a.kind, a.owner_id, a.balance, coalesce(e.sum, 0))
FROM ledger_accounts a LEFT JOIN (
    SELECT account_id, sum(CASE type WHEN 'credit' THEN amount ELSE -amount END)
    FROM ledger_entries GROUP BY account_id
) e ON e.account_id = a.id
WHERE a.owner_id IS NOT NULL AND a.balance IS DISTINCT FROM coalesce(e.sum, 0)
"""
_RUNNING: Final = """
SELECT 'entry ' || id, format('balance after it %s, should be %s', balance_after, expected)
FROM (
    SELECT e.id, e.balance_after, sum(CASE e.type WHEN 'credit' THEN e.amount ELSE -e.amount END)
        OVER (PARTITION BY e.account_id ORDER BY e.created_at, e.seq) AS expected
    FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id
    WHERE a.owner_id IS NOT NULL
) AS running WHERE balance_after IS DISTINCT FROM expected
"""
_FLOORS: Final = """
SELECT 'account ' || id, format('balance %s', balance) FROM ledger_accounts WHERE balance < 0
UNION ALL
SELECT 'entry ' || id, format('balance after it %s', balance_after)
FROM ledger_entries WHERE balance_after < 0
"""
# Debits come first, then credits, each once; a settlement has one to three receivers.
_SHAPES: Final = """
SELECT 'transaction ' || id, format('a %s that moves %s', kind, shape) FROM (
    SELECT t.id, t.kind, string_agg(DISTINCT e.type || ' ' || a.kind, ', ') AS shape
    FROM ledger_transactions t
    JOIN ledger_entries e ON e.transaction_id = t.id
    JOIN ledger_accounts a ON a.id = e.account_id
    GROUP BY t.id
) AS posted WHERE NOT CASE kind
    WHEN 'deposit' THEN shape = 'credit user_wallet, debit gateway_clearing'
    WHEN 'ticket_payment' THEN shape = 'credit ticket_escrow, debit user_wallet'
    WHEN 'transfer' THEN shape = 'credit user_wallet, debit user_wallet'
    WHEN 'withdrawal' THEN shape = 'credit payout_clearing, debit user_wallet'
    WHEN 'payout' THEN shape = 'credit gateway_clearing, debit payout_clearing'
    WHEN 'payout_return' THEN shape = 'credit user_wallet, debit payout_clearing'
    WHEN 'reversal' THEN true
    ELSE kind IN ('release', 'refund') AND shape IN (
        'credit user_wallet, debit ticket_escrow',
        'credit platform_revenue, credit user_wallet, debit ticket_escrow')
END
"""
_ESCROW: Final = """
SELECT 'ticket:' || coalesce(t.id, a.owner_id),
    format('escrow holds %s, the ticket is %s and owes %s', a.balance, t.status, t.owes)
FROM (
    SELECT id, status,
        CASE WHEN status IN ('escrow', 'active') THEN fee + deposit ELSE 0 END AS owes
    FROM tickets
) t FULL JOIN (SELECT * FROM ledger_accounts WHERE kind = 'ticket_escrow') a ON a.owner_id = t.id
WHERE coalesce(a.balance, 0) IS DISTINCT FROM t.owes
"""
_TICKETS: Final = """
SELECT coalesce('ticket:' || t.id, posted.ref),
    format('%s of %s, with %s of %s in and %s out in %s', coalesce(t.status, 'no such ticket'),
        t.fee + t.deposit, coalesce(posted.kinds, 'no money'), posted.paid, posted.settled,
        posted.settlements)
FROM tickets t FULL JOIN (
    SELECT ref, string_agg(DISTINCT kind, ', ' ORDER BY kind) AS kinds,
        sum(amount) FILTER (WHERE kind = 'ticket_payment') AS paid,
        sum(amount) FILTER (WHERE kind <> 'ticket_payment') AS settled,
        count(*) FILTER (WHERE kind <> 'ticket_payment') AS settlements
    FROM ledger_transactions
    WHERE kind IN ('ticket_payment', 'release', 'refund') GROUP BY ref
) posted ON posted.ref = 'ticket:' || t.id
WHERE NOT coalesce(CASE
    WHEN t.status IN ('pending', 'accepted') THEN posted.kinds IS NULL
    WHEN t.status IN ('escrow', 'active') THEN posted.kinds = 'ticket_payment'
    WHEN t.status = 'completed' THEN posted.kinds = 'release, ticket_payment'
    WHEN t.status = 'cancelled' THEN posted.kinds IS NULL OR posted.kinds = 'refund, ticket_payment'
END AND (posted.kinds IS NULL OR posted.paid = t.fee + t.deposit)
    AND (posted.settlements IS NULL OR posted.settlements = 0
        OR posted.settlements = 1 AND posted.settled = posted.paid), false)
UNION ALL
SELECT 'ticket:' || t.id, format('%s, and of its escrow the lender received %s, the platform %s, '
    'the borrower %s', t.status, got.lender, got.platform, got.borrower)
FROM tickets t JOIN (
    SELECT t.id,
        coalesce(sum(e.amount) FILTER (WHERE a.owner_id = t.lender_id), 0) AS lender,
        coalesce(sum(e.amount) FILTER (WHERE a.kind = 'platform_revenue'), 0) AS platform,
        coalesce(sum(e.amount) FILTER (WHERE a.owner_id = t.borrower_id), 0) AS borrower
    FROM tickets t
    JOIN ledger_transactions l ON l.ref = 'ticket:' || t.id AND l.kind IN ('release', 'refund')
    JOIN ledger_entries e ON e.transaction_id = l.id AND e.type = 'credit'
    JOIN ledger_accounts a ON a.id = e.account_id
    GROUP BY t.id
) got ON got.id = t.id
WHERE NOT coalesce(CASE
    WHEN t.dispute_to_lender IS NOT NULL THEN
        (got.lender, got.platform, got.borrower) = (t.dispute_to_lender, 0, t.dispute_to_borrower)
    WHEN t.status = 'completed' THEN
        got.borrower = t.deposit AND got.lender + got.platform = t.fee
        AND got.platform = trunc(t.fee * t.commission_bps / 10000, 2)
    ELSE got.borrower >= t.deposit
        AND got.platform = trunc((got.lender + got.platform) * t.commission_bps / 10000, 2)
END, false)
"""
_PAYMENTS: Final = """
SELECT coalesce('payment:' || p.id, d.ref),
    format('%s payment of %s, %s deposits of %s in all, %s of them taken back',
        coalesce(p.status, 'no'), p.amount, coalesce(d.times, 0), d.amount, coalesce(d.reversed, 0))
FROM payments p FULL JOIN (
    SELECT t.ref, count(*) AS times, sum(t.amount) AS amount, min(a.owner_id::text) AS owner,
        count(back.id) AS reversed
    FROM ledger_transactions t
    JOIN ledger_entries e ON e.transaction_id = t.id AND e.type = 'credit'
    JOIN ledger_accounts a ON a.id = e.account_id
    LEFT JOIN ledger_transactions back ON back.reverses = t.id
    WHERE t.kind = 'deposit' GROUP BY t.ref
) d ON d.ref = 'payment:' || p.id
WHERE NOT coalesce(CASE
    WHEN p.status IN ('paid', 'reversed') THEN
        d.times = 1 AND d.amount = p.amount AND d.owner = p.user_id::text
        AND (d.reversed = 1) = (p.status = 'reversed' AND p.reversal IS DISTINCT FROM 'done')
    ELSE d.times IS NULL
END, false)
"""
_PAYOUTS: Final = """
SELECT coalesce(o.ref, posted.ref),
    format('%s of %s, with %s of %s to %s', coalesce(o.status, 'nothing known'), o.amount,
        coalesce(posted.kinds, 'no money'), posted.least, posted.most)
FROM (
    SELECT 'withdrawal:' || id AS ref, status, amount FROM withdrawals
    UNION ALL
    SELECT 'payment:' || id, 'reversal ' || reversal, amount FROM payments
    WHERE reversal IS NOT NULL
) o FULL JOIN (
    SELECT ref, string_agg(kind, ', ' ORDER BY kind) AS kinds, min(amount) AS least,
        max(amount) AS most
    FROM ledger_transactions WHERE kind IN ('withdrawal', 'payout', 'payout_return') GROUP BY ref
) posted ON posted.ref = o.ref
WHERE NOT coalesce(posted.least = o.amount AND posted.most = o.amount AND posted.kinds = CASE
    WHEN o.status IN ('requested', 'approved', 'reversal asked') THEN 'withdrawal'
    WHEN o.status IN ('paid', 'reversal done') THEN 'payout, withdrawal'
    ELSE 'payout_return, withdrawal'
END, false)
"""
_REVERSALS: Final = """
SELECT coalesce('reversal:' || r.id, t.ref),
    format('%s, posted as transaction %s', coalesce(r.status, 'nobody asked for it'), t.id)
FROM ledger_reversals r FULL JOIN (
    SELECT * FROM ledger_transactions WHERE kind = 'reversal' OR reverses IS NOT NULL
) t ON t.ref = 'reversal:' || r.id
WHERE coalesce(r.status = 'posted', false) <> (t.id IS NOT NULL)
    OR t.reverses IS DISTINCT FROM CASE WHEN t.id IS NULL THEN NULL ELSE r.transaction_id END
UNION ALL
SELECT 'transaction ' || difference.id, 'is no mirror of the transaction that it reverses'
FROM (
    SELECT t.id, e.account_id, e.type, e.amount
    FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id
    WHERE t.reverses IS NOT NULL
    EXCEPT ALL
    SELECT t.id, e.account_id, CASE e.type WHEN 'debit' THEN 'credit' ELSE 'debit' END, e.amount
    FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.reverses
) AS difference
"""
_STATEMENTS: Final = {
    Proof.BALANCED: text(_BALANCED),
    Proof.IN_TOTAL: text(_IN_TOTAL),
    Proof.BALANCES: text(_BALANCES),
    Proof.RUNNING: text(_RUNNING),
    Proof.FLOORS: text(_FLOORS),
    Proof.SHAPES: text(_SHAPES),
    Proof.ESCROW: text(_ESCROW),
    Proof.TICKETS: text(_TICKETS),
    Proof.PAYMENTS: text(_PAYMENTS),
    Proof.PAYOUTS: text(_PAYOUTS),
    Proof.REVERSALS: text(_REVERSALS),
}
_SUMMARY: Final = text("""
SELECT now(), (SELECT count(*) FROM ledger_transactions), count(*),
    coalesce(sum(amount) FILTER (WHERE type = 'debit'), 0),
    coalesce(sum(amount) FILTER (WHERE type = 'credit'), 0)
FROM ledger_entries
""")


async def findings(session: AsyncSession, known: KnownSeal | None = None) -> list[Violation]:
    """Return everything that breaks a proof, as of the session's snapshot."""
    found = []
    for proof, statement in _STATEMENTS.items():
        rows = await session.execute(statement)
        found += [Violation(proof, subject, detail) for subject, detail in rows]
    return found + await seals.violations(session, known)


async def verify(session: AsyncSession, known: KnownSeal | None = None) -> Report:
    """Prove the ledger as it was at one moment, while posting goes on.

    Args:
        session: A fresh one: its transaction becomes one long, consistent read.
        known: A seal that was noted outside of the database. Without one, whoever can rewrite
            the database can also rewrite the whole chain from some seal on.
    """
    await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    # Reading a whole ledger takes its time; nobody waits for a reader.
    await session.execute(text("SET LOCAL statement_timeout = '10min'"))
    at, transactions, entries, debits, credits_ = (await session.execute(_SUMMARY)).one()
    last = await seals.newest(session)
    return Report(
        at=at,
        transactions=transactions,
        entries=entries,
        debits=debits,
        credits=credits_,
        unsealed=await seals.count_unsealed(session),
        seal=Seal(last.number, last.digest.hex(), last.sealed_at) if last else None,
        violations=tuple(await findings(session, known)),
    )
