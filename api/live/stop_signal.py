"""Hears that the process is asked to stop when the server does, not when it has finished."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def on_stop_signal(act: Callable[[], None]) -> Iterator[None]:
    """Call `act` in the event loop when the process is asked to stop, during a block.

    A server waits for its answers before it tells the application, and a stream is an answer
    that does not end by itself. So its own handlers are called through ours. Where it has none,
    or runs in another thread than signals do, there is nothing to be heard.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {name: signal.getsignal(name) for name in _SIGNALS}

    def heard(number: int, at: FrameType | None) -> None:
        loop.call_soon_threadsafe(act)
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, at)

    for name in _SIGNALS:
        if callable(before[name]):
            signal.signal(name, heard)
    try:
        yield
    finally:
        for name in _SIGNALS:
            if signal.getsignal(name) is heard:
                signal.signal(name, before[name])
