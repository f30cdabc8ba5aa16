-- A market of 100 thousand assets and as many tickets as `bench.size` says, in which
-- `bench.caller` has 200 as borrower and 200 as lender of 20 assets. Tickets spread over 400 days,
-- the last 20 of them ahead; of the newest tenth half are open, and a fifth hold their asset.
-- Every key and check of the tables holds; nobody is told of anything.
SELECT setseed(0.5);

-- So many rows in one transaction are counted afterwards: each would leave a version of its counter.
ALTER TABLE users DISABLE TRIGGER counted;
ALTER TABLE tickets DISABLE TRIGGER counted;

INSERT INTO users (id, email, email_verified, full_name, role, locale, is_active, created_at)
SELECT uuidv7(), 'person' || n || '@example.com', true, 'Person ' || n, 'user', 'fa', true,
    now() + make_interval(days => -400, secs => n * 400.0 * 86400 / 50000)
FROM generate_series(1, 50000) AS n;

CREATE TEMP TABLE people AS
SELECT id, row_number() OVER (ORDER BY id) AS number FROM users
WHERE id <> current_setting('bench.caller')::uuid;
CREATE UNIQUE INDEX ON people (number);

-- One in five is a camera, one in five its Persian name, one in five thousand a theodolite.
WITH made AS (
    SELECT n, CASE WHEN n <= 20 THEN current_setting('bench.caller')::uuid ELSE people.id END
            AS owner_id,
        CASE WHEN n % 5000 = 77 THEN 'Theodolite' ELSE (ARRAY['Camera', 'دوربین عكاسی', 'Tent',
            'چادر کوه‌نوردی', 'Drill'])[1 + n % 5] END || ' ' || n AS title
    FROM generate_series(1, 100000) AS n JOIN people ON people.number = 1 + n % 50000
)
INSERT INTO assets (id, owner_id, title, description, category, daily_fee, deposit, max_days,
    handover, cancellation_policy, is_listed, created_at)
SELECT uuidv7(make_interval(secs => n - 100000)), owner_id, title,
    -- Few words are frequent and most are rare, as in any language.
    (SELECT string_agg('word' || floor(3000 * power(random(), 3)), ' ')
        FROM generate_series(1, 15) WHERE made.n > 0),
    'category ' || n % 20, 100000, 500000, 30, 'instant', 'flexible', n % 25 <> 24,
    now() + make_interval(secs => n - 100000)
FROM made ORDER BY n;

CREATE TEMP TABLE things AS
SELECT id, owner_id, row_number() OVER (ORDER BY id) AS number FROM assets;
CREATE UNIQUE INDEX ON things (number);

WITH numbered AS (
    SELECT n, n::float / size AS age, n % (size / 200) AS turn, n / (size / 200) AS round
    FROM (SELECT current_setting('bench.size')::integer AS size) AS wanted,
        generate_series(0, size - 1) AS n
), planned AS (
    SELECT n, turn, now() + make_interval(days => -380, secs => age * 400 * 86400) AS starts_at,
        CASE WHEN turn = 1 THEN 1 + round % 20 ELSE 21 + n % 99980 END AS thing,
        CASE WHEN age < 0.9 OR n / 400 % 2 = 0
            THEN CASE WHEN n / 7 % 5 = 0 THEN 'cancelled' ELSE 'completed' END
            ELSE (ARRAY['pending', 'pending', 'pending', 'active', 'escrow', 'accepted', 'active',
                'pending', 'pending', 'pending'])[1 + n / 3 % 10]
        END AS status
    FROM numbered
)
INSERT INTO tickets (id, asset_id, borrower_id, lender_id, status, fee, deposit, commission_bps,
    handover, cancellation_policy, starts_at, ends_at, deadline_at, cancel_reason, note,
    created_at, updated_at, daily_fee, cancellation_version)
SELECT uuidv7(starts_at - now() - interval '21 days'), things.id,
    CASE WHEN turn = 0 THEN current_setting('bench.caller')::uuid ELSE people.id END,
    things.owner_id, status, 300000, 500000, 500, 'instant', 'flexible', starts_at,
    starts_at + interval '3 days',
    CASE WHEN status NOT IN ('completed', 'cancelled') THEN starts_at + interval '5 days' END,
    CASE WHEN status = 'cancelled' THEN 'withdrawn' END, 'Please',
    starts_at - interval '21 days', starts_at, 100000,
    CASE WHEN status NOT IN ('pending', 'cancelled') THEN 1 END
FROM planned
JOIN things ON things.number = planned.thing
-- Never the owner, who is number 1 + thing % 50000.
JOIN people ON people.number = 1 + (planned.thing + 1 + planned.n % 49998) % 50000
ORDER BY planned.n;

ALTER TABLE ticket_transitions DISABLE TRIGGER ticket_event;

WITH step (number, action, source, target) AS (VALUES
    (1, 'request', NULL, 'pending'), (2, 'accept', 'pending', 'accepted'),
    (3, 'pay', 'accepted', 'escrow'), (4, 'handover', 'escrow', 'active'),
    (5, 'complete', 'active', 'completed'), (6, 'cancel', 'pending', 'cancelled')
)
INSERT INTO ticket_transitions
    (ticket_id, at, actor_id, action, from_status, to_status, reason, command_id)
SELECT tickets.id, tickets.created_at + make_interval(hours => step.number),
    CASE WHEN action IN ('request', 'pay', 'cancel') THEN borrower_id
        WHEN action <> 'handover' THEN lender_id END,
    step.action, step.source, step.target, CASE action WHEN 'cancel' THEN 'withdrawn' END, action
FROM tickets JOIN step ON CASE status
    WHEN 'cancelled' THEN step.number IN (1, 6)
    ELSE step.number <=
        array_position(ARRAY['pending', 'accepted', 'escrow', 'active', 'completed'], status::text)
END
ORDER BY tickets.id, step.number;

ALTER TABLE ticket_transitions ENABLE TRIGGER ticket_event;
ALTER TABLE users ENABLE TRIGGER counted;
ALTER TABLE tickets ENABLE TRIGGER counted;
SELECT correct_report_counts();
