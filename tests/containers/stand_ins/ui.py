"""Hands whoever comes to port 8080 on to the pages of the Temporal server."""

import asyncio
import os
from collections.abc import Awaitable
from contextlib import suppress

HOST = os.environ["TEMPORAL_ADDRESS"].partition(":")[0]


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    writer.close()


async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        far_reader, far_writer = await asyncio.open_connection(HOST, 8233)
    except OSError:
        writer.close()
        return
    both: list[Awaitable[None]] = [carry(reader, far_writer), carry(far_reader, writer)]
    await asyncio.gather(*both)


async def main() -> None:
    async with await asyncio.start_server(hand_on, "0.0.0.0", 8080) as server:  # noqa: S104
        await server.serve_forever()


asyncio.run(main())
