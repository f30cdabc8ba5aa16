"""A small application behind a real port, in the event loop of the tests."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import parse_qs

import uvicorn
from fastapi import FastAPI, Request

from sandbox.ports import free_port
from tests import given


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # Ctrl-C is for pytest


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """Serve for the length of a block; its address is what the block gets."""
    port = free_port()
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="off")
    server = _Server(config)
    serving = asyncio.create_task(server.serve())

    async def is_up() -> bool:
        return server.started

    await given.eventually(is_up)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


async def form_of(request: Request) -> dict[str, str]:
    """Read what was posted as a form; each field comes once."""
    fields = parse_qs((await request.body()).decode(), strict_parsing=True)
    return {name: value for name, (value,) in fields.items()}
