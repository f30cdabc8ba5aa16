"""A line to PostgreSQL that breaks where it hurts most: after a COMMIT, before its answer."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

# The simple query by which a driver commits, and how the server says that it is idle again.
COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
READY = b"Z\x00\x00\x00\x05I"
CHUNK = 65_536


class Proxy:
    """Passes bytes on in both directions; once armed, the next commit cuts the line.

    Attributes:
        cuts: How often that happened.
    """

    def __init__(self, database_url: str) -> None:
        self._url = urlsplit(database_url)
        self._is_armed = False
        self.cuts = 0

    def arm(self) -> None:
        """Let the server do the next COMMIT, and its client hear nothing of it."""
        self._is_armed = True

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Serve for the length of a block, at the URL that this yields."""
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        who, _, _ = self._url.netloc.rpartition("@")
        # What is encrypted, or negotiated first, could not be read here.
        query = "sslmode=disable&gssencmode=disable"
        try:
            yield urlunsplit(self._url._replace(netloc=f"{who}@127.0.0.1:{port}", query=query))
        finally:
            server.close()

    async def _connect(self, client: StreamReader, to_client: StreamWriter) -> None:
        server, to_server = await asyncio.open_connection(self._url.hostname, self._url.port)
        answers = asyncio.create_task(_pass_on(server, to_client))
        try:
            while asked := await client.read(CHUNK):
                is_last = self._is_armed and asked.endswith(COMMIT)
                if is_last:
                    await _end(answers)
                to_server.write(asked)
                if is_last:
                    await server.readuntil(READY)
                    self._is_armed, self.cuts = False, self.cuts + 1
                    return
        finally:
            await _end(answers)
            to_client.close()
            to_server.close()


async def _pass_on(source: StreamReader, target: StreamWriter) -> None:
    with suppress(ConnectionError):  # who reads has hung up
        while heard := await source.read(CHUNK):
            target.write(heard)
            await target.drain()
    target.close()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
