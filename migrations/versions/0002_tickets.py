"""Assets, tickets with their calendar, and the timeline."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATUSES = "('pending', 'accepted', 'escrow', 'active', 'completed', 'cancelled')"
ACTIONS = (
    "('request', 'accept', 'decline', 'cancel', 'pay', 'handover', 'complete', 'remind',"
    " 'expire', 'yield_asset')"
)
REASONS = "('declined', 'withdrawn', 'expired', 'asset_taken')"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE assets (
            id uuid CONSTRAINT assets_pkey PRIMARY KEY,
            owner_id uuid NOT NULL CONSTRAINT assets_owner_id_fkey REFERENCES users,
            title text NOT NULL,
            description text NOT NULL,
            category text NOT NULL,
            daily_fee numeric(18,2) NOT NULL,
            deposit numeric(18,2) NOT NULL,
            max_days integer NOT NULL,
            handover varchar(24) NOT NULL,
            cancellation_policy varchar(24) NOT NULL,
            is_listed boolean NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT assets_price_is_positive CHECK (daily_fee > 0 AND deposit > 0),
            CONSTRAINT assets_max_days_is_positive CHECK (max_days > 0),
            CONSTRAINT assets_handover_known CHECK (handover IN ('instant', 'confirmed')),
            CONSTRAINT assets_policy_known
                CHECK (cancellation_policy IN ('flexible', 'moderate', 'strict'))
        )
    """)
    # Newest first is the order of UUIDv7 keys, so lists page over these without sorting.
    op.execute("CREATE INDEX assets_owner_id_id_idx ON assets (owner_id, id)")
    op.execute("CREATE INDEX assets_category_id_idx ON assets (category, id) WHERE is_listed")
    op.execute(f"""
        CREATE TABLE tickets (
            id uuid CONSTRAINT tickets_pkey PRIMARY KEY,
            asset_id uuid NOT NULL CONSTRAINT tickets_asset_id_fkey REFERENCES assets,
            borrower_id uuid NOT NULL CONSTRAINT tickets_borrower_id_fkey REFERENCES users,
            lender_id uuid NOT NULL CONSTRAINT tickets_lender_id_fkey REFERENCES users,
            status varchar(24) NOT NULL CONSTRAINT tickets_status_known CHECK (status IN {STATUSES}),
            fee numeric(18,2) NOT NULL,
            deposit numeric(18,2) NOT NULL,
            commission_bps integer NOT NULL,
            handover varchar(24) NOT NULL,
            cancellation_policy varchar(24) NOT NULL,
            starts_at timestamptz NOT NULL,
            ends_at timestamptz NOT NULL,
            deadline_at timestamptz,
            cancel_reason varchar(24)
                CONSTRAINT tickets_cancel_reason_known CHECK (cancel_reason IN {REASONS}),
            note text,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            CONSTRAINT tickets_two_parties CHECK (borrower_id <> lender_id),
            CONSTRAINT tickets_price_is_positive CHECK (fee > 0 AND deposit > 0),
            CONSTRAINT tickets_commission_is_a_part CHECK (commission_bps BETWEEN 0 AND 10000),
            CONSTRAINT tickets_end_after_start CHECK (ends_at > starts_at),
            CONSTRAINT tickets_reason_iff_cancelled
                CHECK ((status = 'cancelled') = (cancel_reason IS NOT NULL)),
            CONSTRAINT tickets_deadline_iff_open
                CHECK ((status IN ('completed', 'cancelled')) = (deadline_at IS NULL))
        )
    """)
    # btree_gist would index a plain uuid, but not every PostgreSQL has it; a range of one does.
    op.execute("CREATE TYPE uuidrange AS RANGE (subtype = uuid)")
    op.execute("""
        ALTER TABLE tickets ADD CONSTRAINT tickets_calendar EXCLUDE USING gist (
            uuidrange(asset_id, asset_id, '[]') WITH &&,
            tstzrange(starts_at, ends_at) WITH &&
        ) WHERE (status IN ('accepted', 'escrow', 'active'))
    """)
    op.execute("CREATE INDEX tickets_borrower_id_id_idx ON tickets (borrower_id, id)")
    op.execute("CREATE INDEX tickets_lender_id_id_idx ON tickets (lender_id, id)")
    op.execute("CREATE INDEX tickets_asset_id_idx ON tickets (asset_id) WHERE status = 'pending'")
    op.execute(f"""
        CREATE TABLE ticket_transitions (
            id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT ticket_transitions_pkey PRIMARY KEY,
            ticket_id uuid NOT NULL
                CONSTRAINT ticket_transitions_ticket_id_fkey REFERENCES tickets,
            at timestamptz NOT NULL,
            actor_id uuid,
            action varchar(24) NOT NULL
                CONSTRAINT ticket_transitions_action_known CHECK (action IN {ACTIONS}),
            from_status varchar(24),
            to_status varchar(24) NOT NULL,
            reason varchar(24),
            note text,
            command_id text NOT NULL,
            CONSTRAINT ticket_transitions_command_once UNIQUE (ticket_id, command_id, action)
        )
    """)
    op.execute("""
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
                USING ERRCODE = 'restrict_violation';
        END $$
    """)
    op.execute("""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ticket_transitions
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)
    op.execute("ALTER TABLE ticket_transitions ENABLE ALWAYS TRIGGER append_only")
    op.execute("GRANT SELECT, INSERT, UPDATE ON assets, tickets TO assets_app")
    op.execute("GRANT SELECT, INSERT ON ticket_transitions TO assets_app")
