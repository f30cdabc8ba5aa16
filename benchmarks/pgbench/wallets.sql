-- 10,000 users, each with a paid payment and its money in the wallet: posted, not written.
INSERT INTO users (id, email, email_verified, full_name, role, locale, is_active)
SELECT ('00000000-0000-7000-8000-' || 100000000000 + number)::uuid, number || '@example.com', false,
    'Benchmark', 'user', 'en', true
FROM generate_series(0, 9999) AS number;

INSERT INTO payments (id, user_id, amount, currency, status, created_at, paid_at)
SELECT id, id, 1000000000, 'IRR', 'paid', now(), now() FROM users;

SELECT count(post_ledger_transaction(
    uuidv7(), 'payment:' || id || ':deposit', 'deposit', 'payment:' || id, 'Benchmark', ARRAY[
        (uuidv7(), uuidv7(), 'gateway_clearing', NULL, 'debit', amount)::ledger_line,
        (uuidv7(), uuidv7(), 'user_wallet', user_id, 'credit', amount)::ledger_line
    ], NULL))
FROM payments;
