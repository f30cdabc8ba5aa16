"""Lets what concerns one object happen one after the other within this process.

A workflow takes at most ten updates at a time and aborts more of them under load, so a crowd that
clicks on one ticket is better queued here; those who come second are then refused by its row.
Correctness does not hang on it: other processes have queues of their own.
"""

from asyncio import Lock
from uuid import UUID
from weakref import WeakValueDictionary


class Turns:
    def __init__(self) -> None:
        self._locks: WeakValueDictionary[UUID, Lock] = WeakValueDictionary()

    def of(self, object_id: UUID) -> Lock:
        """Return the lock of an object; it is forgotten when nobody holds or awaits it."""
        lock = self._locks.get(object_id)
        if lock is None:
            lock = self._locks[object_id] = Lock()
        return lock
