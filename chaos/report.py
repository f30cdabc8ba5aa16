"""What a storm came to, in figures: what was done, what people were told, and what holds."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from chaos.journal import Journal, Write
from chaos.judge import Fault
from chaos.storm import Damage


@dataclass(frozen=True)
class Report:
    """Of one run. `money` is what the gateway took, and what is left of it with us, in words.

    Attributes:
        checks: The names of everything that was looked at.
        faults: What was found wrong.
        failures: Why people stopped: an answer that nobody expects, or none at all.
    """

    seed: int
    minutes: float
    planned_deaths: int
    damage: Damage
    journals: Sequence[Journal]
    loans: Counter[str]
    money: dict[str, Decimal]
    checks: Sequence[str]
    faults: Sequence[Fault]
    failures: Sequence[str]

    @property
    def holds(self) -> bool:
        is_whole = len(self.damage.deaths) >= self.planned_deaths
        return is_whole and not self.faults and not self.failures

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"seed {self.seed}, {self.minutes:g} minutes"
        yield _listed("killed", self.damage.kills())
        yield _listed("connections cut", self.damage.cuts())
        yield from (f"NOT DONE    {what}" for what in self.damage.not_done())
        yield from self._answers()
        yield _listed("loans", self.loans)
        yield "money       " + ", ".join(f"{name} {sum_:,.2f}" for name, sum_ in self.money.items())
        yield from self._verdicts()

    def _answers(self) -> Iterator[str]:
        writes = [write for journal in self.journals for write in journal.writes]
        told = [write for write in writes if write.is_acknowledged]
        repeats = sum((journal.repeats for journal in self.journals), Counter[str]())
        again = sum(write.tries > 1 for write in told)
        refused = len(writes) - len(told)
        yield f"writes      {len(told)} acknowledged, {again} of them repeated; {refused} refused"
        yield _listed("repeated for", repeats)
        yield (
            f"answered    p50 {quantile(told, 0.5) * 1000:,.0f} ms, "
            f"p99 {quantile(told, 0.99):,.1f} s, longest {quantile(told, 1.0):,.1f} s"
        )
        yield (
            f"at work     {hits(self.damage, told)} of {len(self.damage.deaths)} kills came after "
            "a write that was acknowledged since the one before"
        )
        yield f"recovery    {slowest_recovery(self.damage, told)}"

    def _verdicts(self) -> Iterator[str]:
        wrong = Counter(fault.check for fault in self.faults)
        for check in self.checks:
            yield f"{'ok' if not wrong[check] else 'BROKEN':<7} {check}"
            yield from (f"        {fault}" for fault in self.faults if fault.check == check)
        yield from (f"FAILED  {failure}" for failure in self.failures)
        done = len(self.damage.deaths)
        if done < self.planned_deaths:
            yield f"FAILED  only {done} of {self.planned_deaths} kills were done"
        if self.holds:
            yield f"Nothing was lost and nothing was doubled, in {done} kills."
        else:
            yield (
                f"IT DOES NOT HOLD. --seed {self.seed} repeats who is hurt and when; "
                "how that meets the work under way is chance."
            )


def _listed(name: str, counted: Counter[str]) -> str:
    parts = ", ".join(f"{number} {what}" for what, number in sorted(counted.items()) if number)
    return f"{name:<11} {counted.total()}: {parts}" if parts else f"{name:<11} none"


def quantile(writes: Collection[Write], part: float) -> float:
    """Return the seconds within which a part of the writes was acknowledged, repeats included."""
    ranked = sorted(write.seconds for write in writes)
    return ranked[min(len(ranked) - 1, int(len(ranked) * part))] if ranked else 0.0


def hits(damage: Damage, writes: Collection[Write]) -> int:
    """Count the kills that met a system at work, and not one that was still down."""
    found, since = 0, float("-inf")
    for death in damage.deaths:
        found += any(since < write.answered_at < death.at for write in writes)
        since = death.at
    return found


def slowest_recovery(damage: Damage, writes: Collection[Write]) -> str:
    """Say after which kill it took longest until a write that was sent since was acknowledged."""
    slowest, name = 0.0, "nothing to recover from"
    for death in damage.deaths:
        after = [one.answered_at for one in writes if one.last_at >= death.at]
        if after and min(after) - death.at >= slowest:
            slowest, name = min(after) - death.at, f"a kill of {death.victim}"
    return f"slowest after {name}: {slowest:.1f} s to the next write" if slowest else name
