"""The figures of the platform: counters that every write keeps right, and an aggregate by day."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    counters()
    writers()
    daily_reports()
    # What a day is counted from. Their rows come in the order of time, so an index of a few pages
    # is enough, and a write pays next to nothing for it.
    for table, column in TIMES.items():
        op.execute(f"""
            CREATE INDEX {table}_{column}_idx ON {table} USING brin ({column})
                WITH (pages_per_range = 16, autosummarize = on)
        """)
    # No writer is let in before these tables have their triggers, so nothing is missed or doubled.
    op.execute("""
        INSERT INTO report_counts (name, backend, value)
        SELECT name, 0, value FROM report_recount WHERE value <> 0
    """)
    op.execute("GRANT SELECT ON report_counts, report_recount TO assets_app")
    op.execute("GRANT SELECT, INSERT, UPDATE ON daily_reports TO assets_app")
    for function in ("fold_report_counts()", "correct_report_counts()"):
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO assets_app")


TIMES = {
    "users": "created_at",
    "ticket_transitions": "at",
    "ledger_transactions": "created_at",
    "payments": "created_at",
    "messages": "created_at",
}


def counters() -> None:
    """Make a row for each counter and each connection that counts; a counter is their sum.

    A row is written by its own connection alone: nobody waits for anybody's commit, and two
    transactions that count in different orders cannot block each other. Row 0 is what was folded.
    """
    op.execute("""
        CREATE TABLE report_counts (
            name varchar(64) COLLATE "C",
            backend integer,
            value numeric(20,2) NOT NULL,
            CONSTRAINT report_counts_pkey PRIMARY KEY (name, backend)
        ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05)
    """)
    # The same figures from the rows themselves. What was paid for loans is asked of the ledger,
    # while its counter follows the tickets: that they agree says something about both.
    op.execute(r"""
        CREATE VIEW report_recount AS
            SELECT 'users' AS name, count(*)::numeric AS value FROM users
            UNION ALL
            SELECT 'tickets:' || status, count(*) FROM tickets GROUP BY status
            UNION ALL
            SELECT 'payments:' || status, count(*) FROM payments GROUP BY status
            UNION ALL
            SELECT 'messages:' || channel || ':' || status, count(*) FROM messages
            GROUP BY channel, status
            UNION ALL
            SELECT 'volume', coalesce(sum(l.amount - coalesce(t.deposit, 0)), 0)
            FROM ledger_transactions l LEFT JOIN tickets t
                ON l.idempotency_key = l.ref || '\:pay' AND l.ref = 'ticket:' || t.id
            WHERE l.kind = 'ticket_payment'
    """)
    op.execute("""
        CREATE FUNCTION fold_report_counts() RETURNS void
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            WITH idle AS (
                SELECT name, backend FROM report_counts WHERE backend <> 0
                FOR UPDATE SKIP LOCKED
            ), folded AS (
                DELETE FROM report_counts c USING idle
                WHERE (c.name, c.backend) = (idle.name, idle.backend)
                RETURNING c.name, c.value
            )
            INSERT INTO report_counts AS c (name, backend, value)
            SELECT name, 0, sum(value) FROM folded GROUP BY name ORDER BY name
            ON CONFLICT (name, backend) DO UPDATE SET value = c.value + excluded.value
        $$
    """)
    # One statement sees rows and counters as of one moment, so what it finds wrong is wrong, and
    # stays to be added whatever is counted meanwhile. Two of them would add it twice.
    op.execute("""
        CREATE FUNCTION correct_report_counts() RETURNS integer
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE corrected integer;
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtext('report_counts'));
            INSERT INTO report_counts AS c (name, backend, value)
            SELECT name, 0, sum(value) FROM (
                SELECT name, value FROM report_recount
                UNION ALL
                SELECT name, -value FROM report_counts
            ) AS both_ways GROUP BY name HAVING sum(value) <> 0 ORDER BY name
            ON CONFLICT (name, backend) DO UPDATE SET value = c.value + excluded.value;
            GET DIAGNOSTICS corrected = ROW_COUNT;
            RETURN corrected;
        END $$
    """)


def writers() -> None:
    """Count wherever a row is written, by whatever path, in the same transaction.

    They run with the rights of the tables' owner, so that nobody else can invent a figure. Each
    change leaves a version of its counter until its transaction ends, and later ones step over it:
    who writes tens of thousands of rows in one transaction disables these triggers for it and
    calls correct_report_counts().
    """
    for table, (changes, watched) in COUNTED.items():
        op.execute(f"""
            CREATE FUNCTION count_{table}() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            BEGIN
                INSERT INTO report_counts AS c (name, backend, value)
                SELECT name, pg_backend_pid(), sum(change) FROM (VALUES {changes})
                    AS changed (name, change)
                WHERE name IS NOT NULL GROUP BY name HAVING sum(change) <> 0
                ON CONFLICT (name, backend) DO UPDATE SET value = c.value + excluded.value;
                RETURN NULL;
            END $$
        """)
        op.execute(f"""
            CREATE TRIGGER counted AFTER INSERT OR DELETE ON {table}
                FOR EACH ROW EXECUTE FUNCTION count_{table}()
        """)
        if watched:
            before, after = (", ".join(f"{row}.{c}" for c in watched) for row in ("OLD", "NEW"))
            op.execute(f"""
                CREATE TRIGGER counted_anew AFTER UPDATE ON {table}
                    FOR EACH ROW WHEN (({before}) IS DISTINCT FROM ({after}))
                    EXECUTE FUNCTION count_{table}()
            """)


# For each table what a row of it counts for, before (OLD, null for a new one) and after (NEW, null
# for one that went), and the columns that this depends on. A fee counts when it was paid, and for
# what it is raised by from then on; what is paid back later was paid nevertheless.
PAID = "('escrow', 'active', 'completed')"
COUNTED = {
    "users": (
        """
            (CASE WHEN OLD.id IS NOT NULL THEN 'users' END, -1),
            (CASE WHEN NEW.id IS NOT NULL THEN 'users' END, 1)
        """,
        (),
    ),
    "tickets": (
        f"""
            ('tickets:' || OLD.status, -1),
            ('tickets:' || NEW.status, 1),
            (CASE WHEN NEW.status IN {PAID} THEN 'volume' END,
                NEW.fee - CASE WHEN OLD.status IN {PAID} THEN OLD.fee ELSE 0 END)
        """,
        ("status", "fee"),
    ),
    "payments": (
        "('payments:' || OLD.status, -1), ('payments:' || NEW.status, 1)",
        ("status",),
    ),
    "messages": (
        """
            ('messages:' || OLD.channel || ':' || OLD.status, -1),
            ('messages:' || NEW.channel || ':' || NEW.status, 1)
        """,
        ("channel", "status"),
    ),
}


def daily_reports() -> None:
    # A row is made anew as often as is needed, from what its day is counted from.
    op.execute("""
        CREATE TABLE daily_reports (
            day date CONSTRAINT daily_reports_pkey PRIMARY KEY,
            time_zone text NOT NULL,
            made_at timestamptz NOT NULL,
            new_users integer NOT NULL,
            requests integer NOT NULL,
            started integer NOT NULL,
            completed integer NOT NULL,
            cancelled integer NOT NULL,
            volume numeric(18,2) NOT NULL,
            lender_income numeric(18,2) NOT NULL,
            commission numeric(18,2) NOT NULL,
            top_ups integer NOT NULL,
            top_up_amount numeric(18,2) NOT NULL,
            withdrawals integer NOT NULL,
            withdrawal_amount numeric(18,2) NOT NULL,
            payments jsonb NOT NULL,
            messages jsonb NOT NULL
        )
    """)
