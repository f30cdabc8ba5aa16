"""Gateways whose calls are reported: which, what came of them, and how long they took."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from gateways.envelope import JsonObject
from gateways.errors import Declined, OutcomeUnknown, ResultClass, Unavailable
from gateways.message import MessageGateway, Outgoing
from gateways.result_codes import SUCCESS
from gateways.zarinpal import ZarinpalGateway

# Takes a provider's name, the operation, what came of it, and the seconds it took.
Report = Callable[[str, str, str, float], None]


@contextmanager
def reported(report: Report, gateway: str, operation: str) -> Iterator[None]:
    """Report what happens in a block.

    It is `ok`, or `declined` for a reason that lies in what was asked, or `misconfigured`: then
    nothing goes through until somebody changes something; else `unavailable` or `unknown`, by
    whether it may have had an effect.
    """
    began, outcome = time.perf_counter(), "failed"
    try:
        yield
        outcome = "ok"
    except Declined as declined:
        is_ours = declined.result_class is ResultClass.CONFIGURATION
        outcome = "misconfigured" if is_ours else "declined"
        raise
    except Unavailable:
        outcome = "unavailable"
        raise
    except OutcomeUnknown:
        outcome = "unknown"
        raise
    except asyncio.CancelledError:
        outcome = "cancelled"
        raise
    finally:
        report(gateway, operation, outcome, time.perf_counter() - began)


@dataclass(frozen=True)
class WatchedZarinpal(ZarinpalGateway):
    report: Report = field(kw_only=True, repr=False)

    async def _call(
        self, operation: str, successes: Collection[int] = (SUCCESS,), **members: object
    ) -> JsonObject:
        with reported(self.report, "zarinpal", operation):
            return await super()._call(operation, successes, **members)


@dataclass(frozen=True)
class WatchedMessages(MessageGateway):
    gateway: MessageGateway
    report: Report = field(repr=False)

    @property
    def name(self) -> str:
        return self.gateway.name

    async def send(self, message: Outgoing) -> str:
        with reported(self.report, self.name, "send"):
            return await self.gateway.send(message)

    async def find(self, message_id: UUID, attempt: int) -> str | None:
        # Most providers cannot be asked, and say so without a call.
        return await self.gateway.find(message_id, attempt)
