"""Loans that are extended and disputed, and whose cancellation terms have versions."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ACTIONS = (
    "('request', 'accept', 'decline', 'cancel', 'pay', 'handover', 'complete', 'remind',"
    " 'expire', 'yield_asset', 'extend', 'accept_extension', 'decline_extension',"
    " 'lapse_extension', 'dispute', 'accept_claim', 'contest_claim', 'resolve')"
)


def upgrade() -> None:
    op.execute("""
        ALTER TABLE tickets
            ADD COLUMN daily_fee numeric(18,2),
            ADD COLUMN cancellation_version integer,
            ADD COLUMN extension_number integer,
            ADD COLUMN extension_status varchar(24)
                CONSTRAINT tickets_extension_status_known
                CHECK (extension_status IN ('offered', 'accepted', 'declined', 'lapsed')),
            ADD COLUMN extension_ends_at timestamptz,
            ADD COLUMN extension_fee numeric(18,2),
            ADD COLUMN extension_offered_at timestamptz,
            ADD COLUMN extension_expires_at timestamptz,
            ADD COLUMN dispute_status varchar(24)
                CONSTRAINT tickets_dispute_status_known
                CHECK (dispute_status IN ('open', 'contested', 'accepted', 'resolved')),
            ADD COLUMN dispute_opened_by uuid
                CONSTRAINT tickets_dispute_opened_by_fkey REFERENCES users,
            ADD COLUMN dispute_reason text,
            ADD COLUMN dispute_claim numeric(18,2),
            ADD COLUMN dispute_opened_at timestamptz,
            ADD COLUMN dispute_to_lender numeric(18,2),
            ADD COLUMN dispute_to_borrower numeric(18,2)
    """)
    # Until now the fee was the daily fee times the days begun.
    op.execute("""
        UPDATE tickets SET
            daily_fee = fee / ceil(extract(epoch FROM ends_at - starts_at) / 86400),
            cancellation_version = CASE WHEN status = 'pending' THEN NULL ELSE 1 END
    """)
    op.execute("""
        ALTER TABLE tickets
            ALTER COLUMN daily_fee SET NOT NULL,
            DROP CONSTRAINT tickets_deadline_iff_open,
            ADD CONSTRAINT tickets_deadline_iff_it_ends_by_itself CHECK (
                (status IN ('completed', 'cancelled') OR dispute_status IS NOT DISTINCT FROM
                    'contested') = (deadline_at IS NULL)),
            ADD CONSTRAINT tickets_cancellation_pinned CHECK (
                cancellation_version IS NOT NULL OR status IN ('pending', 'cancelled')),
            ADD CONSTRAINT tickets_extension_whole CHECK (num_nulls(extension_number,
                extension_status, extension_ends_at, extension_fee, extension_offered_at,
                extension_expires_at) IN (0, 6)),
            ADD CONSTRAINT tickets_extension_fee_is_no_debt CHECK (extension_fee >= 0),
            ADD CONSTRAINT tickets_offer_of_an_active_loan CHECK (
                extension_status IS DISTINCT FROM 'offered'
                OR (status = 'active' AND dispute_status IS NULL)),
            ADD CONSTRAINT tickets_dispute_whole CHECK (num_nulls(dispute_status,
                dispute_opened_by, dispute_reason, dispute_claim, dispute_opened_at) IN (0, 5)),
            ADD CONSTRAINT tickets_dispute_by_a_party CHECK (
                dispute_opened_by IN (borrower_id, lender_id)),
            ADD CONSTRAINT tickets_claim_in_the_escrow CHECK (
                dispute_claim > 0 AND dispute_claim <= fee + deposit),
            ADD CONSTRAINT tickets_dispute_ends_the_loan CHECK (CASE
                WHEN dispute_status IN ('open', 'contested') THEN status = 'active'
                    AND dispute_to_lender IS NULL AND dispute_to_borrower IS NULL
                WHEN dispute_status IN ('accepted', 'resolved') THEN status = 'completed'
                    AND dispute_to_lender >= 0 AND dispute_to_borrower >= 0
                    AND dispute_to_lender + dispute_to_borrower = fee + deposit
                    AND dispute_to_lender IS NOT NULL AND dispute_to_borrower IS NOT NULL
                ELSE dispute_to_lender IS NULL AND dispute_to_borrower IS NULL
            END)
    """)
    op.execute(f"""
        ALTER TABLE ticket_transitions
            ADD COLUMN details jsonb NOT NULL DEFAULT '{{}}',
            DROP CONSTRAINT ticket_transitions_action_known,
            ADD CONSTRAINT ticket_transitions_action_known CHECK (action IN {ACTIONS})
    """)
    op.execute("""
        CREATE TABLE dispute_notes (
            id uuid CONSTRAINT dispute_notes_pkey PRIMARY KEY,
            ticket_id uuid NOT NULL CONSTRAINT dispute_notes_ticket_id_fkey REFERENCES tickets,
            author_id uuid NOT NULL CONSTRAINT dispute_notes_author_id_fkey REFERENCES users,
            at timestamptz NOT NULL,
            note text NOT NULL
        )
    """)
    op.execute("CREATE INDEX dispute_notes_ticket_id_id_idx ON dispute_notes (ticket_id, id)")
    op.execute("""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dispute_notes
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)
    op.execute("ALTER TABLE dispute_notes ENABLE ALWAYS TRIGGER append_only")
    op.execute("GRANT SELECT, INSERT ON dispute_notes TO assets_app")
    # The disputes that wait for an operator, oldest first.
    op.execute("CREATE INDEX tickets_contested_idx ON tickets (id) WHERE dispute_status = 'contested'")
