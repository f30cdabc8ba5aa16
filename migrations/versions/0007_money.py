"""Withdrawals, reversals that two operators agree on, findings, and what payments lacked."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    withdrawals()
    reversals()
    findings()
    # `notice`: what the payer should be told about where the money went.
    op.execute("""
        ALTER TABLE payments
            ADD COLUMN notice varchar(24)
                CONSTRAINT payments_notice_known CHECK (notice IN ('kept_in_wallet')),
            ADD COLUMN reversal varchar(24)
                CONSTRAINT payments_reversal_known CHECK (reversal IN ('asked', 'done', 'refused')),
            ADD CONSTRAINT payments_reversed_iff_done
                CHECK (reversal IS DISTINCT FROM 'done' OR status = 'reversed')
    """)
    # Two pages for one ticket can both be paid, so there is one at a time. Of those that are open
    # already the newest stays; money that comes for the others still counts.
    op.execute("""
        UPDATE payments older SET status = 'expired'
        WHERE status = 'pending' AND EXISTS (
            SELECT FROM payments newer
            WHERE newer.ticket_id = older.ticket_id AND newer.status = 'pending'
                AND newer.id > older.id
        )
    """)
    op.execute("""
        CREATE UNIQUE INDEX payments_one_open_per_ticket_key
            ON payments (ticket_id) WHERE status = 'pending' AND ticket_id IS NOT NULL
    """)
    # What operators filter the lists of everybody by.
    op.execute("CREATE INDEX payments_status_id_idx ON payments (status, id)")
    op.execute("""
        CREATE INDEX payments_ticket_id_id_idx ON payments (ticket_id, id)
            WHERE ticket_id IS NOT NULL
    """)
    op.execute("CREATE INDEX tickets_status_id_idx ON tickets (status, id)")
    op.execute("CREATE INDEX tickets_asset_id_id_idx ON tickets (asset_id, id)")
    op.execute("CREATE INDEX payments_open_idx ON payments (id) WHERE status = 'pending'")
    op.execute("GRANT SELECT, INSERT, UPDATE ON withdrawals, ledger_reversals, findings TO assets_app")


def withdrawals() -> None:
    op.execute("""
        CREATE TABLE withdrawals (
            id uuid CONSTRAINT withdrawals_pkey PRIMARY KEY,
            user_id uuid NOT NULL CONSTRAINT withdrawals_user_id_fkey REFERENCES users,
            amount numeric(18,2) NOT NULL
                CONSTRAINT withdrawals_amount_is_whole CHECK (amount > 0 AND amount = trunc(amount)),
            iban bytea NOT NULL,
            iban_end char(4) NOT NULL,
            status varchar(24) NOT NULL CONSTRAINT withdrawals_status_known CHECK (
                status IN ('requested', 'approved', 'paid', 'rejected', 'failed')),
            decided_by uuid CONSTRAINT withdrawals_decided_by_fkey REFERENCES users,
            decided_at timestamptz,
            note text,
            bank_reference text,
            created_at timestamptz NOT NULL,
            closed_by uuid CONSTRAINT withdrawals_closed_by_fkey REFERENCES users,
            closed_at timestamptz,
            CONSTRAINT withdrawals_decided_by_somebody
                CHECK ((status = 'requested') = (decided_by IS NULL)),
            CONSTRAINT withdrawals_closed_at_iff_closed
                CHECK ((closed_at IS NOT NULL) = (status IN ('paid', 'rejected', 'failed'))),
            CONSTRAINT withdrawals_paid_with_reference
                CHECK ((status = 'paid') = (bank_reference IS NOT NULL))
        )
    """)
    op.execute("CREATE INDEX withdrawals_user_id_id_idx ON withdrawals (user_id, id)")
    op.execute("CREATE INDEX withdrawals_status_id_idx ON withdrawals (status, id)")


def reversals() -> None:
    op.execute("""
        CREATE TABLE ledger_reversals (
            id uuid CONSTRAINT ledger_reversals_pkey PRIMARY KEY,
            transaction_id uuid NOT NULL
                CONSTRAINT ledger_reversals_transaction_id_fkey REFERENCES ledger_transactions,
            reason text NOT NULL,
            status varchar(24) NOT NULL CONSTRAINT ledger_reversals_status_known CHECK (
                status IN ('requested', 'posted', 'rejected', 'expired')),
            requested_by uuid NOT NULL
                CONSTRAINT ledger_reversals_requested_by_fkey REFERENCES users,
            decided_by uuid CONSTRAINT ledger_reversals_decided_by_fkey REFERENCES users,
            decided_at timestamptz,
            note text,
            created_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            CONSTRAINT ledger_reversals_by_two CHECK (status = 'rejected' OR decided_by <> requested_by),
            CONSTRAINT ledger_reversals_decided_by_somebody
                CHECK ((status IN ('posted', 'rejected')) = (decided_by IS NOT NULL))
        )
    """)
    op.execute("""
        CREATE UNIQUE INDEX ledger_reversals_one_each_key ON ledger_reversals (transaction_id)
            WHERE status IN ('requested', 'posted')
    """)


def findings() -> None:
    # Where workflow, row, ledger and gateway disagree. `amount` is the money it is about.
    op.execute("""
        CREATE TABLE findings (
            id uuid CONSTRAINT findings_pkey PRIMARY KEY,
            kind varchar(40) NOT NULL,
            subject text NOT NULL,
            amount numeric(18,2) NOT NULL,
            detail text NOT NULL,
            found_at timestamptz NOT NULL,
            seen_at timestamptz NOT NULL,
            cleared_at timestamptz
        )
    """)
    op.execute("""
        CREATE UNIQUE INDEX findings_open_key ON findings (kind, subject) WHERE cleared_at IS NULL
    """)
    op.execute("CREATE INDEX findings_open_idx ON findings (id) WHERE cleared_at IS NULL")
