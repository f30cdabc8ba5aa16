"""Statements on seals: close ranges of the ledger, and find what changed in them since."""

from collections.abc import Iterator
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.proofs import KnownSeal, Proof, Violation
from models.ledger import LedgerSeal, LedgerTransaction


class Horizon(NamedTuple):
    """Up to where the ledger may be sealed, once all that was under way has ended.

    Attributes:
        transaction: The highest number of a transaction that is to be seen.
        account: The highest number of an account.
        line: The highest number of a line of the audit log.
        before: What was under way has a database transaction id below this one.
    """

    transaction: int
    account: int
    line: int
    before: int


_HORIZON: Final = text("""
SELECT (SELECT coalesce(max(seq), 0) FROM ledger_transactions),
    (SELECT coalesce(max(seq), 0) FROM ledger_accounts),
    (SELECT coalesce(max(seq), 0) FROM audit_log),
    pg_current_xact_id()::text::bigint
""")
_OLDEST: Final = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
_SEAL: Final = select(LedgerSeal).from_statement(
    text("SELECT * FROM seal_ledger(:transaction, :account, :most)")
)
_NEWEST: Final = select(LedgerSeal).order_by(LedgerSeal.number.desc()).limit(1)


async def horizon(session: AsyncSession) -> Horizon:
    """Return how far the ledger and the audit log reach now.

    A posting takes its database transaction id before its number (see 0005), and so does a line of
    the log (see 0011). One that has a lower number than `transaction` and is not to be seen yet
    therefore has an id below `before`. That is a fresh id: a snapshot's xmax may lie below ids
    that were given out and are still under way.
    """
    return Horizon(*(await session.execute(_HORIZON)).one())


async def has_settled(session: AsyncSession, at: Horizon) -> bool:
    """Tell whether all that was under way at a horizon has ended; then nothing is missing there."""
    oldest: int = (await session.execute(_OLDEST)).scalar_one()
    return oldest >= at.before


async def seal(session: AsyncSession, at: Horizon, most: int) -> LedgerSeal | None:
    """Close the next range of at most `most` transactions; None if all of it is closed."""
    values = {"transaction": at.transaction, "account": at.account, "most": most}
    return (await session.scalars(_SEAL, values)).one_or_none()


async def newest(session: AsyncSession) -> LedgerSeal | None:
    return (await session.scalars(_NEWEST)).one_or_none()


async def count_unsealed(session: AsyncSession) -> int:
    last = select(func.coalesce(func.max(LedgerSeal.last_transaction), 0)).scalar_subquery()
    count = select(func.count()).select_from(LedgerTransaction).where(LedgerTransaction.seq > last)
    return (await session.scalar(count)) or 0


# What each seal should continue, and what the rows of its range come to today.
_RANGES: Final = """
SELECT s.*, lag(s.number, 1, 0) OVER w AS number_before,
    lag(s.digest, 1, sha256('')) OVER w AS digest_before,
    lag(s.last_transaction, 1, 0) OVER w AS first_transaction,
    lag(s.last_account, 1, 0) OVER w AS first_account
FROM ledger_seals s WINDOW w AS (ORDER BY s.number)
"""
_ROWS: Final = (
    "ledger_leaves(r.first_transaction, r.last_transaction, r.first_account, r.last_account)"
)
_BROKEN_LINKS: Final = text(f"""
SELECT r.number FROM ({_RANGES}) r JOIN ledger_seals s ON s.number = r.number
WHERE r.number <> r.number_before + 1 OR r.previous <> r.digest_before
    OR r.digest <> ledger_seal_digest(s)
ORDER BY r.number
""")  # noqa: S608  (constants only)
_CHANGED_RANGES: Final = text(f"""
SELECT r.number, r.leaves FROM ({_RANGES}) r, LATERAL (
    SELECT string_agg(kind::text::bytea || uuid_send(id) || digest, '' ORDER BY kind, id) AS leaves
    FROM {_ROWS}
) AS today
WHERE today.leaves IS DISTINCT FROM r.leaves ORDER BY r.number
""")  # noqa: S608
_LEAVES: Final = text(f"""
SELECT today.kind::text, today.id, today.digest FROM ({_RANGES}) r, LATERAL {_ROWS} AS today
WHERE r.number = :number
""").bindparams(bindparam("number"))  # noqa: S608
_NAMES: Final = {"a": "account", "t": "transaction", "e": "entry"}
_LEAF: Final = 1 + 16 + 32

Leaf = tuple[str, UUID]


async def violations(session: AsyncSession, known: KnownSeal | None) -> list[Violation]:
    """Name every seal that does not continue the one before, and every sealed row that changed."""
    links = (await session.execute(_BROKEN_LINKS)).scalars()
    found = [Violation(Proof.CHAIN, f"seal {number}", "does not fit the chain") for number in links]
    if known is not None and not await _is_there(session, known):
        found.append(
            Violation(Proof.CHAIN, f"seal {known.number}", "is not the one that was noted")
        )
    for number, sealed in (await session.execute(_CHANGED_RANGES)).all():
        rows = await session.execute(_LEAVES, {"number": number})
        today = {(kind, row_id): bytes(digest) for kind, row_id, digest in rows}
        found += _differences(number, dict(_unpacked(sealed)), today)
    return found


async def _is_there(session: AsyncSession, known: KnownSeal) -> bool:
    statement = select(LedgerSeal.digest).where(LedgerSeal.number == known.number)
    digest = await session.scalar(statement)
    return digest is not None and digest.hex() == known.digest


def _unpacked(leaves: bytes) -> Iterator[tuple[Leaf, bytes]]:
    for start in range(0, len(leaves), _LEAF):
        leaf = leaves[start : start + _LEAF]
        yield (chr(leaf[0]), UUID(bytes=bytes(leaf[1:17]).ljust(16, b"\0"))), bytes(leaf[17:])


def _differences(
    number: int, sealed: dict[Leaf, bytes], today: dict[Leaf, bytes]
) -> Iterator[Violation]:
    for leaf in sorted(sealed.keys() | today.keys()):
        if sealed.get(leaf) == today.get(leaf):
            continue
        kind, row_id = leaf
        what = (
            "was removed after" if leaf not in today
            else "was inserted after" if leaf not in sealed
            else "was changed after"
        )  # fmt: skip
        yield Violation(Proof.CHAIN, f"{_NAMES.get(kind, kind)} {row_id}", f"{what} seal {number}")
