"""Accounts at other providers, and logins with them that are under way."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A subject is somebody's only together with its issuer: two tenants, or two servers of the
    # same kind, may name different people alike.
    op.execute("""
        CREATE TABLE identities (
            id uuid CONSTRAINT identities_pkey PRIMARY KEY,
            user_id uuid NOT NULL CONSTRAINT identities_user_id_fkey REFERENCES users,
            provider varchar(24) NOT NULL CONSTRAINT identities_provider_known
                CHECK (provider IN ('google', 'github', 'auth0')),
            issuer text NOT NULL,
            subject text NOT NULL,
            email text,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT identities_provider_issuer_subject_key UNIQUE (provider, issuer, subject),
            CONSTRAINT identities_user_id_provider_key UNIQUE (user_id, provider)
        )
    """)
    op.execute("GRANT SELECT, INSERT, DELETE ON identities TO assets_app")

    # Of what the browser brings back only hashes are here. The other two are worth nothing
    # without the provider's code, which works once and never comes here.
    op.execute("""
        CREATE TABLE oauth_flows (
            state_digest bytea CONSTRAINT oauth_flows_pkey PRIMARY KEY,
            browser_digest bytea NOT NULL,
            provider varchar(24) NOT NULL CONSTRAINT oauth_flows_provider_known
                CHECK (provider IN ('google', 'github', 'auth0')),
            nonce text NOT NULL,
            verifier text NOT NULL,
            next_path text NOT NULL,
            link_session_id uuid CONSTRAINT oauth_flows_link_session_id_fkey REFERENCES sessions,
            expires_at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX oauth_flows_expires_at_idx ON oauth_flows (expires_at)")
    op.execute("GRANT SELECT, INSERT, DELETE ON oauth_flows TO assets_app")
