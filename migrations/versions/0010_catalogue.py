"""Words of assets to search by, and what lists of assets and tickets are read from."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(WORDS)
    op.execute(INDEXED)
    op.execute(QUERY)
    op.execute("""
        ALTER TABLE assets ADD COLUMN words tsvector NOT NULL
            GENERATED ALWAYS AS (asset_words(title, description)) STORED
    """)
    # Without the list of late entries, which each search would have to read through.
    op.execute("""
        CREATE INDEX assets_words_idx ON assets USING gin (words) WITH (fastupdate = off)
            WHERE is_listed
    """)
    op.execute("CREATE INDEX assets_listed_idx ON assets (id) WHERE is_listed")
    # Who holds an asset, by time: two of them never overlap, so their ends are in order as well.
    op.execute("""
        CREATE INDEX tickets_held_idx ON tickets (asset_id, ends_at)
            WHERE status IN ('accepted', 'escrow', 'active')
    """)
    # In the order of the list; the status behind it is looked at without fetching the row.
    for party in ("borrower", "lender"):
        op.execute(f"DROP INDEX tickets_{party}_id_id_idx")
        op.execute(f"CREATE INDEX tickets_{party}_id_id_idx ON tickets ({party}_id, id, status)")


# What letters and digits are written as; what is left out: marks above and below a letter, the
# tatweel, signs of direction; and what ends a word. Compatibility forms (full width, ligatures,
# Arabic presentation forms) and letters with marks are taken apart by the normal form.
LETTERS = "يىكڪةۃەہھٱ۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩"
WRITTEN = "ییککههههها01234567890123456789"
MARKS = (
    r"\u00AD\u0300-\u036F\u0610-\u061A\u061C\u0640\u064B-\u065F\u0670\u06D6-\u06ED\u200D-\u200F"
    r"\u202A-\u202E\u2060-\u206F\u20D0-\u20FF\uFE00-\uFE0F\uFEFF"
)
BETWEEN = (
    r"\u0001-/:-@[-`{-\u00A9\u00AB-\u00B4\u00B6-\u00B9\u00BB-\u00BF\u00D7\u00F7\u0600-\u060F"
    r"\u061B-\u061F\u066A-\u066D\u06D4\u2000-\u206F\u20A0-\u20CF\u2190-\u2BFF\u3000-\u303F"
    r"\uFD3E\uFD3F"
)

# PostgreSQL's own parser has other ideas of what a word is ("18V", addresses, Persian). Words are
# cut, because a lexeme has a longest length. A zero-width non-joiner stands within a word or
# between two, depending on who writes, so the caller says what to take it for.
WORDS = f"""
CREATE FUNCTION search_words(content text, non_joiner text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ARRAY(
    SELECT left(word, 64)
    FROM regexp_split_to_table(
        regexp_replace(
            regexp_replace(
                translate(lower(normalize(content, NFKD)), '{LETTERS}', '{WRITTEN}'),
                '[\\u200B\\u200C]', non_joiner, 'g'
            ),
            '[{MARKS}]', '', 'g'
        ),
        '[{BETWEEN}]+'
    ) AS word
    WHERE word <> ''
)
"""

INDEXED = """
CREATE FUNCTION asset_words(title text, description text) RETURNS tsvector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN array_to_tsvector(
    search_words(title || ' ' || description, '')
    || search_words(title || ' ' || description, ' ')
)
"""

# All words, each as the beginning of one; null if there are none, and then nothing is found.
# No word has a character that means something in a query.
QUERY = """
CREATE FUNCTION search_query(wanted text) RETURNS tsquery
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    SELECT string_agg('(' || every || ')', ' | ')::tsquery
    FROM (
        SELECT DISTINCT (
            SELECT string_agg('''' || word || ''':*', ' & ')
            FROM unnest(search_words(wanted, non_joiner)) AS word
        ) AS every
        FROM unnest(ARRAY['', ' ']) AS non_joiner
    ) AS ways
)
"""
