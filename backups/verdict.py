"""What a check of a backup found, in words and as figures for Prometheus."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from backups.errors import BackupError
from backups.manifest import Manifest

_FIGURES: Final = {
    "assets_backup_made_timestamp_seconds": "When the backup was made that passed its check last.",
    "assets_backup_checked_timestamp_seconds": "When a backup last passed its check.",
    "assets_backup_check_seconds": "How long its restore and all proofs took.",
    "assets_backup_bytes": "Its size.",
    "assets_backup_rows": "How many rows are in it.",
}


@dataclass(frozen=True)
class Verdict:
    """What was found.

    Attributes:
        took: Restoring and proving.
        wrong: One sentence each; a good backup has none.
        right: What was tried and held.
    """

    file: Path
    size: int
    manifest: Manifest
    checked_at: datetime
    took: timedelta
    right: tuple[str, ...]
    wrong: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        return not self.wrong

    def __str__(self) -> str:
        """Say it in words, what is wrong behind what is right."""
        age = in_words(self.checked_at - self.manifest.made_at)
        return "\n".join(
            [
                f"{self.file.name}, {age} old, {self.size:,} bytes",
                str(self.manifest),
                *(f"ok      {one}" for one in self.right),
                *(f"BROKEN  {one}" for one in self.wrong),
                f"restored and proven in {self.took.total_seconds():.1f} s",
                "The backup is good." if self.is_good else "THE BACKUP IS NOT GOOD.",
            ]
        )

    def write_figures(self, file: Path) -> None:
        """Write a file for node_exporter's textfile collector, in one step.

        Raises:
            BackupError: It cannot be written.
        """
        registry = CollectorRegistry()
        values = (
            self.manifest.made_at.timestamp(),
            self.checked_at.timestamp(),
            self.took.total_seconds(),
            self.size,
            self.manifest.contents.rows,
        )
        for (name, told), value in zip(_FIGURES.items(), values, strict=True):
            Gauge(name, told, registry=registry).set(value)
        try:
            write_to_textfile(str(file), registry)
        except OSError as error:
            raise BackupError(f"Cannot write {file}: {error.strerror}.") from error


def in_words(age: timedelta) -> str:
    """Say an age in its largest unit, and the next."""
    minutes = max(0, int(age / timedelta(minutes=1)))
    days, hours = minutes // 1440, minutes // 60
    if days:
        return f"{days} d {hours % 24} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
