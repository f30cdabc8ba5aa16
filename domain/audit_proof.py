"""What became of the audit log since it was sealed: evidence of a change, not a bar to it."""

from dataclasses import dataclass

from domain.proofs import Seal


@dataclass(frozen=True)
class LogViolation:
    """A line or a seal that is not what it was. `subject` names it, `detail` says what is wrong."""

    subject: str
    detail: str


@dataclass(frozen=True)
class LogReport:
    """What a verification of the log read, all of it at one moment.

    Attributes:
        unsealed: How many lines are newer than the last seal: nothing vouches for them yet.
    """

    lines: int
    unsealed: int
    seal: Seal | None
    violations: tuple[LogViolation, ...]

    @property
    def holds(self) -> bool:
        return not self.violations

    def __str__(self) -> str:
        """Say it in words, one line for each violation."""
        said = [f"{self.lines:,} lines, {self.unsealed:,} of them newer than the last seal"]
        if self.seal is not None:
            said.append(f"seal {self.seal.number} of {self.seal.sealed_at:%F %T} UTC")
            said.append(f"sha256 {self.seal.digest}")
        said += [f"BROKEN  {one.subject}: {one.detail}" for one in self.violations]
        said.append("The audit log is what it was." if self.holds else "THE AUDIT LOG WAS CHANGED.")
        return "\n".join(said)
