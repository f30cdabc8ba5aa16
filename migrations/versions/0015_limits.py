"""Who may ask how often."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Without a write-ahead log a decision costs no flush; a crash empties it, which is bearable.
    # Rows change all the time and no index is on what changes: there is room to do it in place.
    op.execute("""
        CREATE UNLOGGED TABLE rate_limits (
            key bytea CONSTRAINT rate_limits_pkey PRIMARY KEY,
            full_at timestamptz NOT NULL
        ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05)
    """)
    op.execute("""
        CREATE TABLE login_failures (
            key bytea CONSTRAINT login_failures_pkey PRIMARY KEY,
            failures integer NOT NULL,
            last_at timestamptz NOT NULL,
            CONSTRAINT login_failures_some CHECK (failures >= 0)
        ) WITH (fillfactor = 50)
    """)
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON rate_limits, login_failures TO assets_app")
