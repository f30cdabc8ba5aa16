"""The double-entry ledger: tables, guards, and the one statement that posts to it."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ACCOUNT_KINDS = (
    "('user_wallet', 'ticket_escrow', 'gateway_clearing', 'platform_revenue', 'payout_clearing')"
)


def upgrade() -> None:
    tables()
    guards()
    op.execute(POST)
    op.execute("GRANT SELECT ON ledger_accounts, ledger_transactions, ledger_entries TO assets_app")
    signature = "post_ledger_transaction(uuid, text, text, text, text, ledger_line[])"
    op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO assets_app")


def tables() -> None:
    op.execute(f"""
        CREATE TABLE ledger_accounts (
            id uuid CONSTRAINT ledger_accounts_pkey PRIMARY KEY,
            kind varchar(24) NOT NULL
                CONSTRAINT ledger_accounts_kind_known CHECK (kind IN {ACCOUNT_KINDS}),
            owner_id uuid,
            currency char(3) NOT NULL DEFAULT 'IRR',
            balance numeric(18,2),
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT ledger_accounts_kind_owner_id_key UNIQUE NULLS NOT DISTINCT (kind, owner_id),
            CONSTRAINT ledger_accounts_balance_not_negative CHECK (balance >= 0),
            CONSTRAINT ledger_accounts_balance_iff_owned
                CHECK ((owner_id IS NULL) = (balance IS NULL))
        )
    """)
    op.execute("""
        INSERT INTO ledger_accounts (id, kind)
        SELECT gen_random_uuid(), kind
        FROM unnest(ARRAY['gateway_clearing', 'platform_revenue', 'payout_clearing']) AS kind
    """)
    op.execute("""
        CREATE TABLE ledger_transactions (
            id uuid CONSTRAINT ledger_transactions_pkey PRIMARY KEY,
            idempotency_key text NOT NULL
                CONSTRAINT ledger_transactions_idempotency_key_key UNIQUE,
            kind varchar(24) NOT NULL,
            ref text NOT NULL,
            description text NOT NULL,
            amount numeric(18,2) NOT NULL,
            created_at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX ledger_transactions_ref_idx ON ledger_transactions (ref)")
    op.execute("""
        CREATE TABLE ledger_entries (
            transaction_id uuid NOT NULL
                CONSTRAINT ledger_entries_transaction_id_fkey REFERENCES ledger_transactions,
            account_id uuid NOT NULL
                CONSTRAINT ledger_entries_account_id_fkey REFERENCES ledger_accounts,
            id uuid NOT NULL,
            seq bigint GENERATED ALWAYS AS IDENTITY,
            type varchar(24) NOT NULL
                CONSTRAINT ledger_entries_type_known CHECK (type IN ('debit', 'credit')),
            amount numeric(18,2) NOT NULL
                CONSTRAINT ledger_entries_amount_is_positive CHECK (amount > 0),
            balance_after numeric(18,2),
            ref text NOT NULL,
            description text NOT NULL,
            created_at timestamptz NOT NULL,
            CONSTRAINT ledger_entries_pkey PRIMARY KEY (transaction_id, account_id)
        )
    """)
    op.execute("CREATE INDEX ledger_entries_account_id_seq_idx ON ledger_entries (account_id, seq)")


def guards() -> None:
    op.execute("""
        CREATE FUNCTION check_ledger_balance() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            tx uuid := to_jsonb(NEW) ->> TG_ARGV[0];
            difference numeric;
        BEGIN
            SELECT sum(CASE type WHEN 'debit' THEN amount ELSE -amount END) INTO difference
            FROM ledger_entries WHERE transaction_id = tx;
            IF difference IS DISTINCT FROM 0 THEN
                RAISE EXCEPTION 'ledger transaction % is unbalanced by %', tx, difference
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END $$
    """)
    # On both tables: a transaction without entries is as wrong as entries that do not balance.
    for table, column in (("ledger_entries", "transaction_id"), ("ledger_transactions", "id")):
        op.execute(f"""
            CREATE CONSTRAINT TRIGGER debits_equal_credits AFTER INSERT ON {table}
                DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION check_ledger_balance('{column}')
        """)
        op.execute(f"""
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
                FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
        """)
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER debits_equal_credits")
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only")
    op.execute("""
        CREATE TRIGGER accounts_stay BEFORE DELETE OR TRUNCATE ON ledger_accounts
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)
    op.execute("ALTER TABLE ledger_accounts ENABLE ALWAYS TRIGGER accounts_stay")
    op.execute("""
        CREATE TYPE ledger_line AS (
            entry_id uuid, new_account_id uuid, kind text, owner_id uuid, type text, amount numeric
        )
    """)


# Runs with the rights of the tables' owner, so that the application's role needs none on them.
# One call is one round trip: idempotency, locks in id order, floors, entries, balances.
POST = """
CREATE FUNCTION post_ledger_transaction(
    p_id uuid, p_key text, p_kind text, p_ref text, p_description text, p_lines ledger_line[]
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    total numeric := (SELECT sum(amount) FROM unnest(p_lines) WHERE type = 'debit');
    known ledger_transactions;
    short numeric;
    posted_at timestamptz;
BEGIN
    INSERT INTO ledger_transactions
        (id, idempotency_key, kind, ref, description, amount, created_at)
    VALUES (p_id, p_key, p_kind, p_ref, p_description, total, clock_timestamp())
    ON CONFLICT (idempotency_key) DO NOTHING;
    IF NOT FOUND THEN
        SELECT * INTO STRICT known FROM ledger_transactions WHERE idempotency_key = p_key;
        IF (known.kind, known.ref, known.amount) IS DISTINCT FROM (p_kind, p_ref, total) THEN
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

    -- Read after the locks, so that an account's entries are in order of time as well.
    posted_at := clock_timestamp();
    WITH moved AS (
        UPDATE ledger_accounts a
        SET balance = a.balance + CASE line.type WHEN 'credit' THEN line.amount ELSE -line.amount END
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
