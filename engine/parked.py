"""How many workflows wait for a person's word."""

import asyncio
from typing import Final

from temporalio.client import Client
from temporalio.service import RPCError

QUERY: Final = "NeedsAttention = true AND ExecutionStatus = 'Running'"
_PATIENCE_S: Final = 2.0


async def parked(client: Client) -> int | None:
    """Count them; None when the engine does not answer."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return (await client.count_workflows(QUERY)).count
    except (RPCError, RuntimeError, TimeoutError):  # RuntimeError: never connected so far
        return None
