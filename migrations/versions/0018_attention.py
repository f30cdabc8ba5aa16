"""Where a workflow says that it needs a person: why, what to do, and how much money waits."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE attention (
            id uuid CONSTRAINT attention_pkey PRIMARY KEY,
            seq bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT attention_seq_key UNIQUE,
            workflow_id text NOT NULL,
            workflow_type varchar(64) NOT NULL,
            kind varchar(24) NOT NULL CONSTRAINT attention_kind_known
                CHECK (kind IN ('parked', 'stuck')),
            cause text NOT NULL,
            todo text NOT NULL,
            amount numeric(18,2) NOT NULL CONSTRAINT attention_amount_not_negative
                CHECK (amount >= 0),
            since timestamptz NOT NULL,
            cleared_at timestamptz,
            outcome varchar(24) CONSTRAINT attention_outcome_known
                CHECK (outcome IN ('retry', 'abort', 'mended', 'ended')),
            CONSTRAINT attention_cleared_with_an_outcome
                CHECK ((cleared_at IS NULL) = (outcome IS NULL))
        )
    """)
    # What is open is read oldest first, and cleared by its workflow; there is little of it.
    op.execute("CREATE INDEX attention_open_idx ON attention (since, seq) WHERE cleared_at IS NULL")
    op.execute("CREATE INDEX attention_workflow_id_idx ON attention (workflow_id)")
    op.execute("GRANT SELECT, INSERT, UPDATE ON attention TO assets_app")
