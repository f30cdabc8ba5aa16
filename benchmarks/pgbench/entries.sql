-- The next entries of a wallet, one each second, written at once: all guards of the tables hold.
WITH posted AS (
    INSERT INTO ledger_transactions
        (id, idempotency_key, kind, ref, description, amount, created_at)
    SELECT uuidv7(), 'entries:' || %(owner)s::text || ':' || number, 'deposit',
        'payment:' || gen_random_uuid(), 'Benchmark', 1000,
        timestamptz '2020-01-01' + number * interval '1 second'
    FROM generate_series(%(first)s::integer, %(last)s::integer) AS number
    RETURNING id, ref, description, amount, created_at
)
INSERT INTO ledger_entries
    (transaction_id, account_id, id, type, amount, balance_after, ref, description, created_at)
SELECT posted.id, account.id, uuidv7(),
    CASE account.kind WHEN 'user_wallet' THEN 'credit' ELSE 'debit' END, posted.amount,
    CASE account.kind WHEN 'user_wallet' THEN
        1000 * (1 + extract(epoch FROM posted.created_at - timestamptz '2020-01-01'))
    END,
    posted.ref, posted.description, posted.created_at
FROM posted, ledger_accounts AS account
WHERE account.kind = 'gateway_clearing'
    OR (account.kind = 'user_wallet' AND account.owner_id = %(owner)s::uuid)
ORDER BY posted.created_at
