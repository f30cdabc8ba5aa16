"""The log of events that live streams are read from: one row for each one who is told."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # No foreign keys: each would lock a user's row on every step of a loan, and rows are written
    # by the triggers below alone, from rows that have them.
    op.execute("""
        CREATE TABLE events (
            seq bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT events_pkey PRIMARY KEY,
            recipient_id uuid NOT NULL,
            at timestamptz NOT NULL,
            kind varchar(24) NOT NULL
                CONSTRAINT events_kind_known CHECK (kind IN ('ticket', 'dispute_note', 'payment')),
            ticket_id uuid,
            data jsonb NOT NULL
        )
    """)
    op.execute("CREATE INDEX events_recipient_id_seq_idx ON events (recipient_id, seq)")
    op.execute("""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)
    op.execute("ALTER TABLE events ENABLE ALWAYS TRIGGER append_only")
    op.execute("GRANT SELECT ON events, events_seq_seq TO assets_app")
    writers()
    announcer()


def writers() -> None:
    """Write an event wherever a line is written, by whatever path, in the same transaction.

    They run with the rights of the tables' owner, so that nobody else can invent an event. Each
    fires after its row was written: the transaction has its id before an event takes a number,
    and readers wait for those (see models/queries/events.py).
    """
    for of, (table, statement) in WRITERS.items():
        op.execute(f"""
            CREATE FUNCTION record_{of}() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            BEGIN
                INSERT INTO events (recipient_id, at, kind, ticket_id, data) {statement};
                RETURN NULL;
            END $$
        """)
        op.execute(f"""
            CREATE TRIGGER {of} AFTER INSERT ON {table}
                FOR EACH ROW EXECUTE FUNCTION record_{of}()
        """)
    op.execute("""
        CREATE TRIGGER payment_event_of_change AFTER UPDATE ON payments
            FOR EACH ROW
            WHEN ((OLD.status, OLD.notice) IS DISTINCT FROM (NEW.status, NEW.notice))
            EXECUTE FUNCTION record_payment_event()
    """)


PARTIES = "tickets t, unnest(ARRAY[t.borrower_id, t.lender_id]) AS party WHERE t.id = NEW.ticket_id"
WRITERS = {
    "ticket_event": (
        "ticket_transitions",
        f"""
            SELECT party, NEW.at, 'ticket', NEW.ticket_id, jsonb_build_object(
                'action', NEW.action, 'from', NEW.from_status, 'to', NEW.to_status,
                'actor_id', coalesce(NEW.actor_id::text, 'system'), 'reason', NEW.reason,
                'note', NEW.note, 'details', NEW.details
            ) FROM {PARTIES}
        """,
    ),
    "dispute_note_event": (
        "dispute_notes",
        f"""
            SELECT party, NEW.at, 'dispute_note', NEW.ticket_id, jsonb_build_object(
                'note_id', NEW.id, 'author_id', NEW.author_id, 'note', NEW.note
            ) FROM {PARTIES}
        """,
    ),
    "payment_event": (
        "payments",
        """
            SELECT NEW.user_id, clock_timestamp(), 'payment', NEW.ticket_id, jsonb_build_object(
                'payment_id', NEW.id, 'status', NEW.status, 'notice', NEW.notice,
                'amount', NEW.amount::text
            )
        """,
    ),
}


def announcer() -> None:
    """Wake the readers, from one of the transactions that commit at a time.

    The server lets transactions that notify commit one after the other, each through its own
    flush to the disk. So one that finds another at it leaves that to it: whoever is woken waits
    for all that have taken a number. It is deferred to hold that place as briefly as can be.
    """
    op.execute("""
        CREATE FUNCTION announce_events() RETURNS trigger
        LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
        BEGIN
            IF pg_try_advisory_xact_lock(hashtext('events')) THEN
                PERFORM pg_notify('events', '');
            END IF;
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE CONSTRAINT TRIGGER announce AFTER INSERT ON events
            DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION announce_events()
    """)
