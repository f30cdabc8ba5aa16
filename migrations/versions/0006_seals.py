"""Seals: ranges of the ledger under a SHA-256 chain, written by one function, never changed."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE ledger_seals (
            number bigint CONSTRAINT ledger_seals_pkey PRIMARY KEY,
            last_transaction bigint NOT NULL,
            last_account bigint NOT NULL,
            leaves bytea NOT NULL,
            previous bytea NOT NULL,
            digest bytea NOT NULL,
            sealed_at timestamptz NOT NULL
        )
    """)
    op.execute("""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_seals
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)
    op.execute("ALTER TABLE ledger_seals ENABLE ALWAYS TRIGGER append_only")
    op.execute(LEAVES)
    op.execute(DIGEST)
    op.execute(SEAL)
    op.execute("GRANT SELECT ON ledger_seals TO assets_app")
    op.execute("REVOKE ALL ON FUNCTION seal_ledger(bigint, bigint, integer) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION seal_ledger(bigint, bigint, integer) TO assets_app")


# One leaf per row: (a)ccount, (t)ransaction, (e)ntry. JSON because it cannot be read in two ways,
# and times as numbers because their text depends on who asks. A balance moves, so it is no part of
# an account's leaf; that it is the sum of the entries is proved apart.
LEAVES = """
CREATE FUNCTION ledger_leaves(
    after_transaction bigint, to_transaction bigint, after_account bigint, to_account bigint
) RETURNS TABLE (kind "char", id uuid, digest bytea)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT 'a'::"char", a.id, sha256(convert_to(jsonb_build_array(
        a.id, a.seq, a.kind, a.owner_id, a.currency, extract(epoch FROM a.created_at)
    )::text, 'UTF8'))
    FROM ledger_accounts a WHERE a.seq > after_account AND a.seq <= to_account
    UNION ALL
    SELECT 't', t.id, sha256(convert_to(jsonb_build_array(
        t.id, t.seq, t.idempotency_key, t.kind, t.ref, t.description, t.amount, t.reverses,
        extract(epoch FROM t.created_at)
    )::text, 'UTF8'))
    FROM ledger_transactions t WHERE t.seq > after_transaction AND t.seq <= to_transaction
    UNION ALL
    SELECT 'e', e.id, sha256(convert_to(jsonb_build_array(
        e.id, e.seq, e.transaction_id, e.account_id, e.type, e.amount, e.balance_after, e.ref,
        e.description, extract(epoch FROM e.created_at)
    )::text, 'UTF8'))
    FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id
    WHERE t.seq > after_transaction AND t.seq <= to_transaction
$$
"""

DIGEST = """
CREATE FUNCTION ledger_seal_digest(seal ledger_seals) RETURNS bytea
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT sha256(seal.previous || convert_to(jsonb_build_array(
        seal.number, seal.last_transaction, seal.last_account, extract(epoch FROM seal.sealed_at)
    )::text, 'UTF8') || seal.leaves)
$$
"""

# The caller says up to where everything is committed. Sealers take turns; nobody else waits.
SEAL = """
CREATE FUNCTION seal_ledger(p_transaction bigint, p_account bigint, p_most integer)
RETURNS SETOF ledger_seals
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    last ledger_seals;
    new ledger_seals;
BEGIN
    LOCK TABLE ledger_seals IN SHARE ROW EXCLUSIVE MODE;
    SELECT * INTO last FROM ledger_seals ORDER BY number DESC LIMIT 1;
    new.number := coalesce(last.number, 0) + 1;
    new.previous := coalesce(last.digest, sha256(''));
    new.last_account := greatest(p_account, coalesce(last.last_account, 0));
    SELECT coalesce(max(seq), last.last_transaction, 0) INTO new.last_transaction FROM (
        SELECT seq FROM ledger_transactions
        WHERE seq > coalesce(last.last_transaction, 0) AND seq <= p_transaction
        ORDER BY seq LIMIT p_most
    ) AS range;
    SELECT string_agg(kind::text::bytea || uuid_send(id) || digest, '' ORDER BY kind, id)
    INTO new.leaves
    FROM ledger_leaves(
        coalesce(last.last_transaction, 0), new.last_transaction,
        coalesce(last.last_account, 0), new.last_account
    );
    IF new.leaves IS NULL THEN
        RETURN;
    END IF;
    new.sealed_at := clock_timestamp();
    new.digest := ledger_seal_digest(new);
    INSERT INTO ledger_seals SELECT new.*;
    RETURN NEXT new;
END $$
"""
