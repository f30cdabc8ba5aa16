"""Statements on the audit log's seals: close ranges of lines, and find what changed in them since.

The ledger's are in seals.py; both chains are made and read in the same way.
"""

from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.audit_proof import LogReport, LogViolation
from domain.proofs import KnownSeal, Seal
from models.audit import AuditRow, AuditSeal
from models.queries.seals import Horizon

_SEAL: Final = select(AuditSeal).from_statement(text("SELECT * FROM seal_audit_log(:line, :most)"))
_NEWEST: Final = select(AuditSeal).order_by(AuditSeal.number.desc()).limit(1)
_LEAF: Final = 16 + 32


async def seal(session: AsyncSession, at: Horizon, most: int) -> AuditSeal | None:
    """Close the next range of at most `most` lines; None if all of it is closed."""
    return (await session.scalars(_SEAL, {"line": at.line, "most": most})).one_or_none()


async def newest(session: AsyncSession) -> AuditSeal | None:
    return (await session.scalars(_NEWEST)).one_or_none()


# What each seal should continue, and what the lines of its range come to today.
_RANGES: Final = """
SELECT s.*, lag(s.number, 1, 0) OVER w AS number_before,
    lag(s.digest, 1, sha256('')) OVER w AS digest_before,
    lag(s.last_line, 1, 0) OVER w AS first_line
FROM audit_seals s WINDOW w AS (ORDER BY s.number)
"""
_BROKEN_LINKS: Final = text(f"""
SELECT r.number FROM ({_RANGES}) r JOIN audit_seals s ON s.number = r.number
WHERE r.number <> r.number_before + 1 OR r.previous <> r.digest_before
    OR r.digest <> audit_seal_digest(s)
ORDER BY r.number
""")  # noqa: S608  (constants only)
_CHANGED_RANGES: Final = text(f"""
SELECT r.number, r.leaves FROM ({_RANGES}) r, LATERAL (
    SELECT string_agg(uuid_send(id) || digest, '' ORDER BY id) AS leaves
    FROM audit_leaves(r.first_line, r.last_line)
) AS today
WHERE today.leaves IS DISTINCT FROM r.leaves ORDER BY r.number
""")  # noqa: S608
_LEAVES: Final = text(f"""
SELECT today.id, today.digest
FROM ({_RANGES}) r, LATERAL audit_leaves(r.first_line, r.last_line) AS today
WHERE r.number = :number
""")  # noqa: S608


class _Counts(NamedTuple):
    lines: int
    unsealed: int


async def verify(session: AsyncSession, known: KnownSeal | None = None) -> LogReport:
    """Hold the log against its seals, all of it as of one moment.

    Args:
        session: A fresh one: its transaction becomes one long, consistent read.
        known: A seal that was noted outside of the database. Without one, whoever can rewrite
            the database can also rewrite the whole chain from some seal on.
    """
    await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    # Reading a whole log takes its time; nobody waits for a reader.
    await session.execute(text("SET LOCAL statement_timeout = '10min'"))
    last = await newest(session)
    counts = await _counts(session, last)
    return LogReport(
        lines=counts.lines,
        unsealed=counts.unsealed,
        seal=Seal(last.number, last.digest.hex(), last.sealed_at) if last else None,
        violations=tuple(await _violations(session, known)),
    )


async def _counts(session: AsyncSession, last: AuditSeal | None) -> _Counts:
    behind = AuditRow.seq > (last.last_line if last else 0)
    counts = select(func.count(), func.count().filter(behind)).select_from(AuditRow)
    return _Counts(*(await session.execute(counts)).one())


async def _violations(session: AsyncSession, known: KnownSeal | None) -> list[LogViolation]:
    links = (await session.execute(_BROKEN_LINKS)).scalars()
    found = [LogViolation(f"seal {number}", "does not fit the chain") for number in links]
    if known is not None and not await _is_there(session, known):
        found.append(LogViolation(f"seal {known.number}", "is not the one that was noted"))
    for number, sealed in (await session.execute(_CHANGED_RANGES)).all():
        rows = await session.execute(_LEAVES, {"number": number})
        today = {line_id: bytes(digest) for line_id, digest in rows}
        found += _differences(number, _unpacked(sealed), today)
    return found


async def _is_there(session: AsyncSession, known: KnownSeal) -> bool:
    statement = select(AuditSeal.digest).where(AuditSeal.number == known.number)
    digest = await session.scalar(statement)
    return digest is not None and digest.hex() == known.digest


def _unpacked(leaves: bytes) -> dict[UUID, bytes]:
    starts = range(0, len(leaves), _LEAF)
    # Whoever changed the leaves themselves may have left a last one that is too short.
    return {
        UUID(bytes=bytes(leaves[start : start + 16]).ljust(16, b"\0")): bytes(
            leaves[start + 16 : start + _LEAF]
        )
        for start in starts
    }


def _differences(
    number: int, sealed: dict[UUID, bytes], today: dict[UUID, bytes]
) -> list[LogViolation]:
    found = []
    for line_id in sorted(sealed.keys() | today.keys()):
        if sealed.get(line_id) == today.get(line_id):
            continue
        what = (
            "was removed after" if line_id not in today
            else "was inserted after" if line_id not in sealed
            else "was changed after"
        )  # fmt: skip
        found.append(LogViolation(f"line {line_id}", f"{what} seal {number}"))
    return found
