"""The ledger learns to reverse, and keeps the entries of an account in strict order of time."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The order in which transactions were begun. Sealing closes ranges of it (see 0006).
    for table in ("ledger_transactions", "ledger_accounts"):
        op.execute(f"""
            ALTER TABLE {table}
                ADD COLUMN seq bigint GENERATED ALWAYS AS IDENTITY,
                ADD CONSTRAINT {table}_seq_key UNIQUE (seq)
        """)
    op.execute("""
        ALTER TABLE ledger_transactions ADD COLUMN reverses uuid
            CONSTRAINT ledger_transactions_reverses_fkey REFERENCES ledger_transactions
            CONSTRAINT ledger_transactions_reverses_another CHECK (reverses <> id)
    """)
    op.execute("""
        CREATE UNIQUE INDEX ledger_transactions_reversed_once_key
            ON ledger_transactions (reverses) WHERE reverses IS NOT NULL
    """)
    # Statements are asked for by time and paged in order of time: one index serves both.
    op.execute("ALTER TABLE ledger_accounts ADD COLUMN last_entry_at timestamptz")
    op.execute("""
        UPDATE ledger_accounts SET last_entry_at =
            (SELECT max(created_at) FROM ledger_entries WHERE account_id = ledger_accounts.id)
        WHERE balance IS NOT NULL
    """)
    op.execute("""
        CREATE INDEX ledger_entries_account_id_created_at_seq_idx
            ON ledger_entries (account_id, created_at, seq)
    """)
    op.execute("DROP INDEX ledger_entries_account_id_seq_idx")
    op.execute("DROP FUNCTION post_ledger_transaction(uuid, text, text, text, text, ledger_line[])")
    op.execute(POST)
    signature = "post_ledger_transaction(uuid, text, text, text, text, ledger_line[], uuid)"
    op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO assets_app")


# As in 0003, and: `p_reverses` names the transaction that this one takes back.
POST = """
CREATE FUNCTION post_ledger_transaction(
    p_id uuid, p_key text, p_kind text, p_ref text, p_description text, p_lines ledger_line[],
    p_reverses uuid DEFAULT NULL
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    total numeric := (SELECT sum(amount) FROM unnest(p_lines) WHERE type = 'debit');
    known ledger_transactions;
    short numeric;
    posted_at timestamptz;
BEGIN
    -- Whoever takes a number has a transaction id by then: sealing waits for those (see 0006).
    PERFORM pg_current_xact_id();
    INSERT INTO ledger_transactions
        (id, idempotency_key, kind, ref, description, amount, created_at, reverses)
    VALUES (p_id, p_key, p_kind, p_ref, p_description, total, clock_timestamp(), p_reverses)
    ON CONFLICT (idempotency_key) DO NOTHING;
    IF NOT FOUND THEN
        SELECT * INTO STRICT known FROM ledger_transactions WHERE idempotency_key = p_key;
        IF (known.kind, known.ref, known.amount, known.reverses)
            IS DISTINCT FROM (p_kind, p_ref, total, p_reverses)
        THEN
            RAISE EXCEPTION 'ledger key % belongs to another transaction', p_key
                USING ERRCODE = 'unique_violation';
        END IF;
        RETURN false;
    END IF;

    INSERT INTO ledger_accounts (id, kind, owner_id, balance)
    SELECT line.new_account_id, line.kind, line.owner_id, 0
    FROM unnest(p_lines) AS line
    WHERE line.owner_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM ledger_accounts a WHERE a.kind = line.kind AND a.owner_id = line.owner_id
    )
    ORDER BY line.kind, line.owner_id
    ON CONFLICT (kind, owner_id) DO NOTHING;

    -- In id order, whoever comes first: two transactions over the same accounts never deadlock.
    PERFORM FROM ledger_accounts a
    WHERE a.id IN (
        SELECT o.id FROM unnest(p_lines) AS line JOIN ledger_accounts o
            ON o.kind = line.kind AND o.owner_id = line.owner_id
    )
    ORDER BY a.id FOR NO KEY UPDATE;

    SELECT line.amount - a.balance INTO short
    FROM unnest(p_lines) AS line JOIN ledger_accounts a
        ON a.kind = line.kind AND a.owner_id = line.owner_id
    WHERE line.type = 'debit' AND a.balance < line.amount LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'insufficient funds' USING ERRCODE = 'LG001', DETAIL = short::text;
    END IF;

    -- Read after the locks, and never before an account's last entry, even if the clock was set
    -- back: an account's entries are in order of time.
    SELECT greatest(clock_timestamp(), max(a.last_entry_at)) INTO posted_at
    FROM unnest(p_lines) AS line JOIN ledger_accounts a
        ON a.kind = line.kind AND a.owner_id = line.owner_id;
    WITH moved AS (
        UPDATE ledger_accounts a
        SET balance = a.balance + CASE line.type WHEN 'credit' THEN line.amount ELSE -line.amount END,
            last_entry_at = posted_at
        FROM unnest(p_lines) AS line
        WHERE a.kind = line.kind AND a.owner_id = line.owner_id
        RETURNING a.id, a.kind, a.owner_id, a.balance
    )
    INSERT INTO ledger_entries
        (transaction_id, account_id, id, type, amount, balance_after, ref, description, created_at)
    SELECT p_id, coalesce(moved.id, platform.id), line.entry_id, line.type, line.amount,
           moved.balance, p_ref, p_description, posted_at
    FROM unnest(p_lines) AS line
    LEFT JOIN moved ON moved.kind = line.kind AND moved.owner_id = line.owner_id
    LEFT JOIN ledger_accounts platform
        ON line.owner_id IS NULL AND platform.kind = line.kind AND platform.owner_id IS NULL;
    RETURN true;
END $$
"""
