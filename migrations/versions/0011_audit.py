"""The audit log: append-only, whoever asks, and sealed; and what operators look people up by."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    log()
    seals()
    # Operators search accounts by the beginning of an address, by role, and for closed ones.
    op.execute('CREATE INDEX users_email_prefix_idx ON users (email COLLATE "C")')
    op.execute("CREATE INDEX users_role_id_idx ON users (role, id) WHERE role <> 'user'")
    op.execute("CREATE INDEX users_closed_idx ON users (id) WHERE NOT is_active")
    # A keyed hash of the account's number, so that all withdrawals to one account can be found.
    # Rows from before have none until `./assets keys reencrypt` has filled it in.
    op.execute("ALTER TABLE withdrawals ADD COLUMN iban_index bytea")
    op.execute("CREATE INDEX withdrawals_iban_index_id_idx ON withdrawals (iban_index, id)")


def log() -> None:
    op.execute("""
        CREATE TABLE audit_log (
            id uuid CONSTRAINT audit_log_pkey PRIMARY KEY,
            seq bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT audit_log_seq_key UNIQUE,
            at timestamptz NOT NULL,
            action varchar(24) NOT NULL,
            actor_id uuid,
            object text NOT NULL,
            address text,
            request_id text,
            session_id uuid,
            details jsonb NOT NULL
        )
    """)
    # Read newest first, by each of these or by none of them.
    for columns in ("at, seq", "object, at, seq", "actor_id, at, seq", "action, at, seq"):
        name = f"audit_log_{columns.replace(', ', '_')}_idx"
        op.execute(f"CREATE INDEX {name} ON audit_log ({columns})")
    op.execute("""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)
    op.execute("ALTER TABLE audit_log ENABLE ALWAYS TRIGGER append_only")
    # Before the statement, and so before a number is taken: sealing waits for those who have a
    # transaction id, and must not miss a line whose number is below those that it seals.
    op.execute("""
        CREATE FUNCTION take_transaction_id() RETURNS trigger
        LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
        BEGIN
            PERFORM pg_current_xact_id();
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER numbered_in_a_transaction BEFORE INSERT ON audit_log
            FOR EACH STATEMENT EXECUTE FUNCTION take_transaction_id()
    """)
    op.execute("ALTER TABLE audit_log ENABLE ALWAYS TRIGGER numbered_in_a_transaction")
    op.execute("GRANT SELECT, INSERT ON audit_log TO assets_app")


def seals() -> None:
    """Make the chain, as 0006 does it for the ledger."""
    op.execute("""
        CREATE TABLE audit_seals (
            number bigint CONSTRAINT audit_seals_pkey PRIMARY KEY,
            last_line bigint NOT NULL,
            leaves bytea NOT NULL,
            previous bytea NOT NULL,
            digest bytea NOT NULL,
            sealed_at timestamptz NOT NULL
        )
    """)
    op.execute("""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seals
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)
    op.execute("ALTER TABLE audit_seals ENABLE ALWAYS TRIGGER append_only")
    op.execute(LEAVES)
    op.execute(DIGEST)
    op.execute(SEAL)
    op.execute("GRANT SELECT ON audit_seals TO assets_app")
    op.execute("REVOKE ALL ON FUNCTION seal_audit_log(bigint, integer) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION seal_audit_log(bigint, integer) TO assets_app")


# One leaf per line, of the whole line.
LEAVES = """
CREATE FUNCTION audit_leaves(after_line bigint, to_line bigint)
RETURNS TABLE (id uuid, digest bytea)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT l.id, sha256(convert_to(jsonb_build_array(
        l.id, l.seq, extract(epoch FROM l.at), l.action, l.actor_id, l.object, l.address,
        l.request_id, l.session_id, l.details
    )::text, 'UTF8'))
    FROM audit_log l WHERE l.seq > after_line AND l.seq <= to_line
$$
"""

DIGEST = """
CREATE FUNCTION audit_seal_digest(seal audit_seals) RETURNS bytea
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT sha256(seal.previous || convert_to(jsonb_build_array(
        seal.number, seal.last_line, extract(epoch FROM seal.sealed_at)
    )::text, 'UTF8') || seal.leaves)
$$
"""

# The caller says up to where everything is committed. Sealers take turns; nobody else waits.
SEAL = """
CREATE FUNCTION seal_audit_log(p_line bigint, p_most integer)
RETURNS SETOF audit_seals
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    last audit_seals;
    new audit_seals;
BEGIN
    LOCK TABLE audit_seals IN SHARE ROW EXCLUSIVE MODE;
    SELECT * INTO last FROM audit_seals ORDER BY number DESC LIMIT 1;
    new.number := coalesce(last.number, 0) + 1;
    new.previous := coalesce(last.digest, sha256(''));
    SELECT max(seq) INTO new.last_line FROM (
        SELECT seq FROM audit_log WHERE seq > coalesce(last.last_line, 0) AND seq <= p_line
        ORDER BY seq LIMIT p_most
    ) AS range;
    IF new.last_line IS NULL THEN
        RETURN;
    END IF;
    SELECT string_agg(uuid_send(id) || digest, '' ORDER BY id) INTO new.leaves
    FROM audit_leaves(coalesce(last.last_line, 0), new.last_line);
    new.sealed_at := clock_timestamp();
    new.digest := audit_seal_digest(new);
    INSERT INTO audit_seals SELECT new.*;
    RETURN NEXT new;
END $$
"""
