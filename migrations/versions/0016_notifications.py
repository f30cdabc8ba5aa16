"""What became of messages, which ones people want, and when they want none."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE messages
            ADD COLUMN ticket_id uuid,
            ADD COLUMN delivery varchar(24) CONSTRAINT messages_delivery_known
                CHECK (delivery IN ('accepted', 'delivered', 'read', 'undelivered')),
            ADD COLUMN delivered_at timestamptz,
            ADD COLUMN failed_tries integer NOT NULL DEFAULT 0,
            ADD COLUMN resent_at timestamptz
    """)
    # What is due: a round asks for the oldest of one channel, however many others are held.
    op.execute("""
        CREATE INDEX messages_due_idx ON messages (channel, coalesce(held_until, created_at))
            WHERE status = 'queued'
    """)
    # For operators, who ask for what failed, and for the messages about one loan.
    op.execute("CREATE INDEX messages_failed_idx ON messages (id) WHERE status = 'failed'")
    op.execute("""
        CREATE INDEX messages_ticket_id_id_idx ON messages (ticket_id, id)
            WHERE ticket_id IS NOT NULL
    """)
    # How a report of a provider finds its message.
    op.execute("""
        CREATE INDEX messages_provider_id_idx ON messages (provider_id)
            WHERE provider_id IS NOT NULL
    """)
    op.execute("""
        CREATE TABLE notification_preferences (
            user_id uuid CONSTRAINT notification_preferences_user_id_fkey REFERENCES users,
            kind varchar(24) NOT NULL,
            channel varchar(24) NOT NULL CONSTRAINT notification_preferences_channel_known
                CHECK (channel IN ('sms', 'email', 'whatsapp')),
            is_wanted boolean NOT NULL,
            CONSTRAINT notification_preferences_pkey PRIMARY KEY (user_id, kind, channel)
        )
    """)
    op.execute("""
        CREATE TABLE quiet_hours (
            user_id uuid CONSTRAINT quiet_hours_pkey PRIMARY KEY
                CONSTRAINT quiet_hours_user_id_fkey REFERENCES users,
            starts time NOT NULL,
            ends time NOT NULL CONSTRAINT quiet_hours_end CHECK (ends <> starts),
            time_zone text NOT NULL
        )
    """)
    for table in ("notification_preferences", "quiet_hours"):
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO assets_app")
