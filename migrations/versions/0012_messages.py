"""Messages to people, from the moment that they are due."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE messages (
            id uuid CONSTRAINT messages_pkey PRIMARY KEY,
            user_id uuid CONSTRAINT messages_user_id_fkey REFERENCES users,
            channel varchar(24) NOT NULL
                CONSTRAINT messages_channel_known CHECK (channel IN ('sms', 'email', 'whatsapp')),
            kind varchar(24) NOT NULL,
            address text,
            facts jsonb NOT NULL,
            status varchar(24) NOT NULL
                CONSTRAINT messages_status_known CHECK (status IN ('queued', 'sent', 'failed')),
            attempts integer NOT NULL,
            provider text,
            provider_id text,
            last_error text,
            created_at timestamptz NOT NULL,
            sent_at timestamptz,
            read_at timestamptz,
            CONSTRAINT messages_have_a_recipient
                CHECK (status <> 'queued' OR user_id IS NOT NULL OR address IS NOT NULL)
        )
    """)
    op.execute("CREATE INDEX messages_user_id_id_idx ON messages (user_id, id)")
    op.execute("CREATE INDEX messages_queued_idx ON messages (id) WHERE status = 'queued'")
    op.execute("GRANT SELECT, INSERT, UPDATE ON messages TO assets_app")
