"""The audit log: append-only, whoever asks."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
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
    op.execute("CREATE INDEX audit_log_object_seq_idx ON audit_log (object, seq)")
    op.execute("CREATE INDEX audit_log_actor_id_seq_idx ON audit_log (actor_id, seq)")
    op.execute("""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)
    op.execute("ALTER TABLE audit_log ENABLE ALWAYS TRIGGER append_only")
    op.execute("GRANT SELECT, INSERT ON audit_log TO assets_app")
