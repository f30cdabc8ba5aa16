"""Payments, and the requests that named themselves with an Idempotency-Key."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE payments (
            id uuid CONSTRAINT payments_pkey PRIMARY KEY,
            user_id uuid NOT NULL CONSTRAINT payments_user_id_fkey REFERENCES users,
            ticket_id uuid CONSTRAINT payments_ticket_id_fkey REFERENCES tickets,
            amount numeric(18,2) NOT NULL
                CONSTRAINT payments_amount_is_whole CHECK (amount > 0 AND amount = trunc(amount)),
            currency char(3) NOT NULL,
            status varchar(24) NOT NULL CONSTRAINT payments_status_known CHECK (
                status IN ('pending', 'paid', 'cancelled', 'failed', 'expired', 'reversed')),
            authority text CONSTRAINT payments_authority_key UNIQUE,
            redirect_url text,
            ref_id text,
            card_pan text,
            fee numeric(18,2),
            created_at timestamptz NOT NULL,
            paid_at timestamptz,
            CONSTRAINT payments_paid_at_iff_paid
                CHECK ((paid_at IS NOT NULL) = (status IN ('paid', 'reversed')))
        )
    """)
    op.execute("CREATE INDEX payments_user_id_id_idx ON payments (user_id, id)")
    op.execute("""
        CREATE TABLE idempotent_requests (
            caller uuid NOT NULL,
            method text NOT NULL,
            path text NOT NULL,
            key text NOT NULL,
            fingerprint bytea NOT NULL,
            resource_id uuid NOT NULL,
            status smallint,
            body bytea,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT idempotent_requests_pkey PRIMARY KEY (caller, method, path, key)
        )
    """)
    op.execute("GRANT SELECT, INSERT, UPDATE ON payments, idempotent_requests TO assets_app")
