"""Messages to people, what proves their addresses, and their phones and ids encrypted."""

from alembic import op
from sqlalchemy import text

from domain.phone import parse_phone
from models.encrypted import USER_PHONE, BlindIndex, EncryptedColumn

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    messages()
    account_tokens()
    users()


def messages() -> None:
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
            tried_at timestamptz,
            held_until timestamptz,
            sent_at timestamptz,
            read_at timestamptz,
            CONSTRAINT messages_have_a_recipient
                CHECK (status <> 'queued' OR user_id IS NOT NULL OR address IS NOT NULL),
            CONSTRAINT messages_forget_addresses CHECK (status = 'queued' OR address IS NULL)
        )
    """)
    op.execute("CREATE INDEX messages_user_id_id_idx ON messages (user_id, id)")
    op.execute("CREATE INDEX messages_queued_idx ON messages (id) WHERE status = 'queued'")
    op.execute("GRANT SELECT, INSERT, UPDATE ON messages TO assets_app")


def account_tokens() -> None:
    # One row for each purpose: a new secret takes the place of the one before.
    op.execute("""
        CREATE TABLE account_tokens (
            user_id uuid CONSTRAINT account_tokens_user_id_fkey REFERENCES users,
            purpose varchar(24) CONSTRAINT account_tokens_purpose_known
                CHECK (purpose IN ('email_verification', 'password_reset', 'phone_code')),
            digest bytea NOT NULL,
            target bytea,
            attempts integer NOT NULL,
            created_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            used_at timestamptz,
            used_by uuid,
            CONSTRAINT account_tokens_pkey PRIMARY KEY (user_id, purpose),
            CONSTRAINT account_tokens_used_by_a_command
                CHECK ((used_at IS NULL) = (used_by IS NULL))
        )
    """)
    op.execute("CREATE UNIQUE INDEX account_tokens_digest_key ON account_tokens (digest)")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON account_tokens TO assets_app")


def users() -> None:
    connection = op.get_bind()
    clear = connection.execute(
        text("SELECT id, phone FROM users WHERE phone IS NOT NULL FOR UPDATE")
    ).all()
    # This writes the table anew, so that no clear text is left in its file.
    op.execute("ALTER TABLE users ALTER COLUMN phone TYPE bytea USING NULL")
    op.execute("""
        ALTER TABLE users
            ADD COLUMN phone_index bytea,
            ADD COLUMN phone_verified boolean NOT NULL DEFAULT false,
            ADD COLUMN national_id bytea,
            ADD COLUMN national_id_index bytea,
            ADD CONSTRAINT users_phone_is_indexed
                CHECK ((phone IS NULL) = (phone_index IS NULL)),
            ADD CONSTRAINT users_national_id_is_indexed
                CHECK ((national_id IS NULL) = (national_id_index IS NULL)),
            ADD CONSTRAINT users_verified_phone_is_there
                CHECK (phone IS NOT NULL OR NOT phone_verified)
    """)
    if clear:
        encrypt(clear)
    # Whoever proved a number has it; others may only claim it.
    op.execute("""
        CREATE UNIQUE INDEX users_verified_phone_key ON users (phone_index) WHERE phone_verified
    """)
    op.execute("CREATE UNIQUE INDEX users_national_id_key ON users (national_id_index)")


def encrypt(clear) -> None:
    given = op.get_context().config.attributes
    phones = EncryptedColumn(given["keyring"], USER_PHONE.name)
    index = BlindIndex(given["index_key"], USER_PHONE.name)
    sealed = [
        {"id": row.id, "phone": phones.encrypt(row.id, phone), "index": index.of(phone)}
        for row in clear
        for phone in [normal(row.phone)]
    ]
    op.get_bind().execute(
        text("UPDATE users SET phone = :phone, phone_index = :index WHERE id = :id"), sealed
    )


def normal(phone):
    """Keep what cannot be read as a number: its owner can still see and correct it."""
    try:
        return parse_phone(phone)
    except ValueError:
        return phone
