"""Proves that a backup can be restored, by restoring it and trying everything that must hold."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from backups import contents, restoring, revisions, sample
from backups.archive import opened
from backups.errors import BackupError
from backups.manifest import Manifest
from backups.revisions import Age
from backups.target import Target
from backups.verdict import Verdict
from domain.proofs import KnownSeal
from models import verification
from models.queries import reports
from models.reencryption import KeyRing


@dataclass(frozen=True)
class Expected:
    """What a backup is held to, beside what it says of itself.

    Attributes:
        ring: The keys that must open what is encrypted in it.
        seal: A seal of the ledger that was noted elsewhere, and must be in it.
        audit_seal: One of the audit log.
    """

    ring: KeyRing
    seal: KnownSeal | None = None
    audit_seal: KnownSeal | None = None


@dataclass(frozen=True)
class Found:
    right: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()


async def check(
    file: Path, server_url: str, expected: Expected, migrate: Callable[[str], None]
) -> Verdict:
    """Restore a backup into a server that is good for nothing else, and prove what is there.

    Args:
        file: The backup.
        server_url: Any database of that server, as its superuser.
        expected: What the backup is held to.
        migrate: Brings the database of a URL to the revision of this release.

    Raises:
        BackupError: It cannot even be restored.
    """
    began = time.monotonic()
    with opened(file) as backup:
        size, manifest = backup.size, backup.manifest
        target = Target(server_url).create("restored")
        restoring.load(backup, target)
    found = [await _contents(manifest, target.url)]
    _bring_up(manifest, target, migrate)
    found += [
        await _ledger(target.url, expected.seal),
        await _log(target.url, expected.audit_seal),
        await _rest(target.url, expected.ring),
    ]
    return Verdict(
        file,
        size,
        manifest,
        checked_at=datetime.now(UTC),
        took=timedelta(seconds=time.monotonic() - began),
        right=tuple(line for part in found for line in part.right),
        wrong=tuple(line for part in found for line in part.wrong),
    )


async def _contents(manifest: Manifest, url: str) -> Found:
    different = await restoring.compare(manifest, url)
    if different:
        return Found(wrong=tuple(different))
    return Found(right=("every row, trigger, constraint, function and grant is as it was",))


def _bring_up(manifest: Manifest, target: Target, migrate: Callable[[str], None]) -> None:
    """Give older tables the form that the proofs of this release read."""
    revision = manifest.contents.revision
    match revisions.age(revision):
        case Age.OLDER:
            migrate(target.url)
        case Age.NEWER:
            raise BackupError(
                f"The backup has the tables of revision {revision}, which this release does not "
                "know: it is older than the backup. Check it with the release that made it."
            )


async def _ledger(url: str, seal: KnownSeal | None) -> Found:
    report = await verification.verify(url, seal)
    if report.holds:
        return Found(right=("the ledger: all its proofs hold, and its seals",))
    return Found(wrong=tuple(f"{one.subject}: {one.detail}" for one in report.violations))


async def _log(url: str, seal: KnownSeal | None) -> Found:
    report = await verification.verify_log(url, seal)
    if report.holds:
        return Found(right=(f"the audit log: {report.lines:,} lines, and its seals",))
    return Found(wrong=tuple(f"audit log: {one.subject} {one.detail}" for one in report.violations))


async def _rest(url: str, ring: KeyRing) -> Found:
    async with contents.one_moment(url) as session:
        counted = await _counters(session)
        tried = await sample.take(session, ring)
    keys = f"the keys: {tried.opened} encrypted values open"
    if not tried.opened and not tried.wrong:
        keys = "the keys were not tried: nothing is encrypted in it"
    return Found(
        right=counted.right + (() if tried.wrong else (keys,)), wrong=counted.wrong + tried.wrong
    )


async def _counters(session: AsyncSession) -> Found:
    differing = await reports.differences(session)
    if not differing:
        return Found(right=("the counters of the reports: what counting anew comes to",))
    return Found(
        wrong=tuple(
            f"counter {name}: {counted:,f}, and counting anew comes to {expected:,f}"
            for name, counted, expected in differing
        )
    )
