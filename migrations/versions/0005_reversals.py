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
# once, and by index whatever the size of the tables was just then: planning anew at each call, as
# the server else does for arrays, takes longer than all the rest.
POST = """
CREATE FUNCTION post_ledger_transaction(
    p_id uuid, p_key text, p_kind text, p_ref text, p_description text, p_lines ledger_line[],
    p_reverses uuid DEFAULT NULL
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
    total numeric;
    known ledger_transactions;
    line ledger_line;
    found_id uuid;
    accounts uuid[];
    account record;
    posted_at timestamptz := '-infinity';
    new_balance numeric;
BEGIN
    FOREACH line IN ARRAY p_lines LOOP
        IF line.type = 'debit' THEN
            total := coalesce(total, 0) + line.amount;
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
    FOR attempt IN 1..2 LOOP
        accounts := '{}';
        FOREACH line IN ARRAY p_lines LOOP
            IF line.owner_id IS NULL THEN
                SELECT a.id INTO found_id FROM ledger_accounts a
                WHERE a.kind = line.kind AND a.owner_id IS NULL;
            ELSE
                SELECT a.id INTO found_id FROM ledger_accounts a
                WHERE a.kind = line.kind AND a.owner_id = line.owner_id;
            END IF;
            accounts := array_append(accounts, found_id);
        END LOOP;
        EXIT WHEN array_position(accounts, NULL) IS NULL;
        INSERT INTO ledger_accounts (id, kind, owner_id, balance)
        SELECT new.new_account_id, new.kind, new.owner_id, 0
        FROM unnest(p_lines) WITH ORDINALITY
            AS new (entry_id, new_account_id, kind, owner_id, type, amount, number)
        WHERE new.owner_id IS NOT NULL AND accounts[new.number] IS NULL
        ORDER BY new.kind, new.owner_id
        ON CONFLICT (kind, owner_id) DO NOTHING;
    END LOOP;

    -- In id order, whoever comes first: two transactions over the same accounts never deadlock.
    FOR account IN
        SELECT a.id, a.balance, a.last_entry_at FROM ledger_accounts a
        WHERE a.id = ANY (accounts) AND a.owner_id IS NOT NULL
        ORDER BY a.id FOR NO KEY UPDATE
    LOOP
        line := p_lines[array_position(accounts, account.id)];
        IF line.type = 'debit' AND account.balance < line.amount THEN
            RAISE EXCEPTION 'insufficient funds'
                USING ERRCODE = 'LG001', DETAIL = (line.amount - account.balance)::text;
        END IF;
        posted_at := greatest(posted_at, account.last_entry_at);
    END LOOP;

    -- Read after the locks, and never before an account's last entry, even if the clock was set
    -- back: an account's entries are in order of time.
    posted_at := greatest(posted_at, clock_timestamp());
    FOR number IN 1..cardinality(p_lines) LOOP
        line := p_lines[number];
        new_balance := NULL;
        IF line.owner_id IS NOT NULL THEN
            UPDATE ledger_accounts a
            SET balance = a.balance + CASE line.type WHEN 'credit' THEN line.amount ELSE -line.amount END,
                last_entry_at = posted_at
            WHERE a.id = accounts[number]
            RETURNING a.balance INTO new_balance;
        END IF;
        INSERT INTO ledger_entries
            (transaction_id, account_id, id, type, amount, balance_after, ref, description,
             created_at)
        VALUES (p_id, accounts[number], line.entry_id, line.type, line.amount, new_balance, p_ref,
                p_description, posted_at);
    END LOOP;
    RETURN true;
END $$
"""
