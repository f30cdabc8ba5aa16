-- A transfer between any two of 10,000 wallets, as models/queries/ledger.py sends it. An owner's id
-- ends in the number of the wallet.
\set sender random(0, 9999)
\set receiver 100000000000 + (:sender + random(1, 9999)) % 10000
\set sender 100000000000 + :sender
\set amount random(1, 1000)
SELECT post_ledger_transaction(
    uuidv7(), 'transfer:' || transfer, 'transfer', 'transfer:' || transfer, 'Benchmark', ARRAY[
        (uuidv7(), uuidv7(), 'user_wallet', ('00000000-0000-7000-8000-' || :sender)::uuid,
            'debit', :amount)::ledger_line,
        (uuidv7(), uuidv7(), 'user_wallet', ('00000000-0000-7000-8000-' || :receiver)::uuid,
            'credit', :amount)::ledger_line
    ], NULL)
FROM uuidv7() AS transfer
