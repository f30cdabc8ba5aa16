"""How long a login may go on."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default is for processes of the version before, which go on logging people in meanwhile.
    op.execute("""
        ALTER TABLE sessions
            ADD COLUMN expires_at timestamptz NOT NULL DEFAULT now() + interval '90 days'
    """)
    op.execute("UPDATE sessions SET expires_at = created_at + interval '90 days'")
    # A login has one token that can still be used: whoever tried to make two of one is stopped here.
    op.execute("""
        CREATE UNIQUE INDEX refresh_tokens_unused_key ON refresh_tokens (session_id)
            WHERE used_at IS NULL
    """)
    op.execute("""
        CREATE INDEX sessions_going_on_idx ON sessions (user_id, id) WHERE revoked_at IS NULL
    """)
