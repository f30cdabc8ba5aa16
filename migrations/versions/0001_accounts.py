"""Users, sessions, refresh tokens, and the application's role."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Logins of the application are members of this role; what it may do is granted to the role.
    op.execute("""
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'assets_app') THEN
                CREATE ROLE assets_app NOLOGIN;
            END IF;
        END $$
    """)
    op.execute("GRANT USAGE ON SCHEMA public TO assets_app")
    op.execute("""
        CREATE TABLE users (
            id uuid CONSTRAINT users_pkey PRIMARY KEY,
            email text NOT NULL CONSTRAINT users_email_key UNIQUE,
            email_verified boolean NOT NULL,
            full_name text NOT NULL,
            phone text,
            role varchar(24) NOT NULL
                CONSTRAINT users_role_known CHECK (role IN ('user', 'operator', 'admin')),
            locale text NOT NULL,
            password_hash text,
            is_active boolean NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT users_email_is_lower_case CHECK (email = lower(email))
        )
    """)
    op.execute("""
        CREATE TABLE sessions (
            id uuid CONSTRAINT sessions_pkey PRIMARY KEY,
            user_id uuid NOT NULL CONSTRAINT sessions_user_id_fkey REFERENCES users,
            user_agent text,
            address text,
            created_at timestamptz NOT NULL DEFAULT now(),
            last_seen_at timestamptz NOT NULL DEFAULT now(),
            revoked_at timestamptz
        )
    """)
    op.execute("CREATE INDEX sessions_user_id_idx ON sessions (user_id)")
    op.execute("""
        CREATE TABLE refresh_tokens (
            digest bytea CONSTRAINT refresh_tokens_pkey PRIMARY KEY,
            session_id uuid NOT NULL
                CONSTRAINT refresh_tokens_session_id_fkey REFERENCES sessions,
            created_at timestamptz NOT NULL DEFAULT now(),
            expires_at timestamptz NOT NULL,
            used_at timestamptz
        )
    """)
    op.execute("CREATE INDEX refresh_tokens_session_id_idx ON refresh_tokens (session_id)")
    op.execute("GRANT SELECT, INSERT, UPDATE ON users, sessions, refresh_tokens TO assets_app")
