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


# As in 0003, and: `p_reverses` names the transaction that this one takes back. Its plans are made
# once: for an array the server would else plan anew at each call, which takes longer than the rest.
POST = """
CREATE FUNCTION post_ledger_transaction(
    p_id uuid, p_key text, p_kind text, p_ref text, p_description text, p_lines ledger_line[],
    p_reverses uuid DEFAULT NULL
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    part ledger_line;
    total numeric;
    owned integer := 0;
    known ledger_transactions;
    accounts uuid[];
    account record;
    posted_at timestamptz := '-infinity';
BEGIN
    FOREACH part IN ARRAY p_lines LOOP
        IF part.type = 'debit' THEN
            total := coalesce(total, 0) + part.amount;
        END IF;
        IF part.owner_id IS NOT NULL THEN
            owned := owned + 1;
        END IF;
    END LOOP;

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

    -- Accounts are made before any is locked: who waits for another's new account holds no lock.
    LOOP
        SELECT array_agg(a.id) INTO accounts
        FROM unnest(p_lines) AS line JOIN ledger_accounts a
            ON a.kind = line.kind AND a.owner_id = line.owner_id;
        EXIT WHEN coalesce(cardinality(accounts), 0) = owned;
        INSERT INTO ledger_accounts (id, kind, owner_id, balance)
        SELECT line.new_account_id, line.kind, line.owner_id, 0
        FROM unnest(p_lines) AS line
        WHERE line.owner_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM ledger_accounts a WHERE a.kind = line.kind AND a.owner_id = line.owner_id
        )
        ORDER BY line.kind, line.owner_id
        ON CONFLICT (kind, owner_id) DO NOTHING;
    END LOOP;

    -- In id order, whoever comes first: two transactions over the same accounts never deadlock.
    FOR account IN
        SELECT a.kind, a.owner_id, a.balance, a.last_entry_at FROM ledger_accounts a
        WHERE a.id = ANY (accounts) ORDER BY a.id FOR NO KEY UPDATE
    LOOP
        FOREACH part IN ARRAY p_lines LOOP
            IF part.type = 'debit' AND part.amount > account.balance
                AND part.kind = account.kind AND part.owner_id = account.owner_id
            THEN
                RAISE EXCEPTION 'insufficient funds'
                    USING ERRCODE = 'LG001', DETAIL = (part.amount - account.balance)::text;
            END IF;
        END LOOP;
        posted_at := greatest(posted_at, account.last_entry_at);
    END LOOP;

    -- Read after the locks, and never before an account's last entry, even if the clock was set
    -- back: an account's entries are in order of time.
    posted_at := greatest(posted_at, clock_timestamp());
    WITH owners AS (
        UPDATE ledger_accounts a
        SET balance = a.balance + CASE line.type WHEN 'credit' THEN line.amount ELSE -line.amount END,
            last_entry_at = posted_at
        FROM unnest(p_lines) AS line
        WHERE a.kind = line.kind AND a.owner_id = line.owner_id
        RETURNING a.id, a.balance, line.entry_id, line.type, line.amount
    ), moved AS (
        SELECT * FROM owners
        UNION ALL
        SELECT a.id, a.balance, line.entry_id, line.type, line.amount
        FROM unnest(p_lines) AS line
        JOIN ledger_accounts a ON a.kind = line.kind AND a.owner_id IS NULL
        WHERE line.owner_id IS NULL
    )
    INSERT INTO ledger_entries
        (transaction_id, account_id, id, type, amount, balance_after, ref, description, created_at)
    SELECT p_id, moved.id, moved.entry_id, moved.type, moved.amount, moved.balance, p_ref,
           p_description, posted_at
    FROM moved;
    RETURN true;
END $$
"""
