"""Carries a plan out on a running sandbox, blow after blow, and notes what really happened."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from chaos.cuts import Cutter, Severed
from chaos.journal import now
from chaos.kills import Death, Killer
from chaos.plan import Blow, Cut, Kill

RECOVERY_S: Final = 20.0
LINE_PATIENCE_S: Final = 10.0
_LOOK_S: Final = 0.05


@dataclass
class Damage:
    """What was done, beside what had been planned."""

    deaths: list[Death] = field(default_factory=list)
    severed: list[Severed] = field(default_factory=list)

    def kills(self) -> Counter[str]:
        return Counter(death.victim.value for death in self.deaths)

    def cuts(self) -> Counter[str]:
        """Count the connections that were cut, by their lines."""
        found: Counter[str] = Counter()
        for one in self.severed:
            found[one.line.value] += one.number
        return found

    def not_done(self) -> list[str]:
        """Say what this machine did not allow, each thing once."""
        refused = {one.line: one.refusal for one in self.severed if one.refusal}
        return [f"cutting {line}: {reason}" for line, reason in sorted(refused.items())]


@dataclass
class Storm:
    """Its clock stands still, for a while, before it kills what has not recovered yet.

    Who is down already learns nothing by another kill; on a slow machine most would be such.

    Attributes:
        works: Whether a write was acknowledged that was sent after a moment.
    """

    killer: Killer
    cutter: Cutter
    say: Callable[[str], None]
    works: Callable[[float], bool] = lambda _: True
    damage: Damage = field(default_factory=Damage)

    async def rage(self, blows: Sequence[Blow]) -> None:
        """Do all that is planned, in its order; what comes late is not left out."""
        began = now()
        for blow in blows:
            await asyncio.sleep(max(0.0, began + blow.at_s - now()))
            if isinstance(blow, Kill):
                began += await self._recovery()
                await self._kill(blow)
            else:
                await self._cut(blow)

    async def _recovery(self) -> float:
        """Wait until there is work to interrupt; return how long that took."""
        began = now()
        last = self.damage.deaths[-1].at if self.damage.deaths else float("-inf")
        while not self.works(last) and now() - began < RECOVERY_S:  # noqa: ASYNC110  (no event says so)
            await asyncio.sleep(_LOOK_S)
        return now() - began

    async def _kill(self, blow: Kill) -> None:
        deaths = [await self.killer.kill(victim) for victim in blow.victims]
        self.damage.deaths += deaths
        names = " and ".join(blow.victims)
        if blow.once_more:
            again = [await self.killer.kill(one.victim, but=one.pid) for one in deaths]
            self.damage.deaths += again
            names += ", and once more while it starts"
        self.say(f"{blow.at_s:7.1f} s  killed {names}")

    async def _cut(self, blow: Cut) -> None:
        deadline = now() + LINE_PATIENCE_S
        while True:
            done = await asyncio.to_thread(self.cutter.cut, blow.line, is_whole=blow.is_whole)
            if done.number or done.refusal or now() > deadline:
                break
            await asyncio.sleep(_LOOK_S)  # one end of the line has just been killed
        self.damage.severed.append(done)
        words = "1 connection" if done.number == 1 else f"{done.number} connections"
        self.say(f"{blow.at_s:7.1f} s  cut {words} of {blow.line}")
