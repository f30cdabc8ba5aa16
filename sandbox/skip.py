"""`skip`: moves the loans' time forward, so that a month of a loan passes in a moment.

The loan clock goes first, then every running workflow follows it. So whatever is started meanwhile
has the new time, and after an interruption the next run sees who is behind and brings them along.
"""

import asyncio
import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from temporalio.client import Client
from temporalio.service import RPCError

from engine.loan_clock import LoanClock
from sandbox import dev_json
from sandbox.dev_json import DevInfo
from sandbox.errors import SandboxError
from sandbox.home import Home, write_private
from sandbox.journey import Journey
from sandbox.loan_time import parse, told, words

REPEAT: Final = (
    "The loan clock has moved, but maybe not every loan: run skip again without a length of time, "
    "and who was left behind is brought along."
)


def run(folder: Path, wish: str | None) -> bool:
    """Move the loan clock and bring every running loan and top-up along.

    After it has spoken to the engine it raises nothing: the caller has to end the process hard.

    Args:
        folder: The home of a running sandbox.
        wish: How far. Without it the clock stays, and who was left behind is brought along.

    Returns:
        Whether all arrived; if not, what to do about it was said.

    Raises:
        SandboxError: That is no length of time, nothing runs there, or another skip is under way.
    """
    duration = parse(wish) if wish is not None else timedelta(0)
    dev, home = dev_json.read(folder), Home.at(folder)
    clock = LoanClock(home.loan_clock)
    with _alone(home):
        try:
            if duration:
                ahead = (clock.ahead + duration) // timedelta(seconds=1)
                write_private(home.loan_clock, f"{ahead}\n")
                _say(f"Skipping {words(duration)} ...")
            trouble = asyncio.run(_bring_along(dev, clock))
        except KeyboardInterrupt:
            trouble = f"Interrupted. {REPEAT}"
    _say(told(clock))
    if trouble:
        print(f"assets: {trouble}", file=sys.stderr, flush=True)
    return trouble is None


def _say(line: str) -> None:
    print(line, flush=True)


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    with home.loan_clock.with_suffix(".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SandboxError("Another skip is under way here. Wait for it.") from None
        yield


async def _bring_along(dev: DevInfo, clock: LoanClock) -> str | None:
    """Do it and say how it went; return what is wrong, if anything is."""
    away: BaseException | None = None
    try:
        # No payload is read or written here, so no key is needed.
        client = await Client.connect(dev.temporal_address, namespace=dev.temporal_namespace)
        journey = Journey(client, clock)
        await journey.run()
    except* (RPCError, RuntimeError) as failures:
        away = failures.exceptions[0]
    if away:
        return f"The engine did not answer: {away}. {REPEAT}"
    _say(journey.told())
    return journey.trouble()
