"""Finds sequences that would give out a number which a row has already.

A sequence belongs to no snapshot, so its value cannot be held to the one that was backed up.
"""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backups.guards import OURS

_SEQUENCES: Final = text(f"""
SELECT s.oid::regclass::text, coalesce(pg_sequence_last_value(s.oid), 0),
    format('SELECT coalesce(max(%I), 0) FROM %s', a.attname, d.refobjid::regclass)
FROM pg_class s JOIN pg_namespace n ON n.oid = s.relnamespace
JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid
    AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE s.relkind = 'S' AND {OURS} ORDER BY 1
""")  # noqa: S608  (constants only)


async def behind(session: AsyncSession) -> list[str]:
    """Say which sequences are behind the rows of their column."""
    found = []
    for name, given_out, highest in (await session.execute(_SEQUENCES)).all():
        last = await session.scalar(text(highest.replace(":", r"\:"))) or 0
        if given_out < last:
            found.append(f"sequence {name}: it stands at {given_out:,}, and a row has {last:,}")
    return found
