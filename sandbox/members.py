"""The programs that make up a sandbox beside its two servers, and which of them needs which."""

import sys

from sandbox import environment
from sandbox.addresses import HOST, Addresses
from sandbox.home import Home
from sandbox.program import Program, http_get
from sandbox.temporal import TemporalServer

# Every program runs in the home: a .env in the checkout speaks of other servers.


def gateway(home: Home, at: Addresses) -> Program:
    """The payment gateway's simulator."""
    where = ("--port", str(at.ports.gateway), "--public-url", at.gateway)
    return Program(
        name="gateway",
        argv=(sys.executable, "-m", "sandbox.gateway", *where, "--state", str(home.gateway)),
        ready=lambda: http_get(at.ports.gateway, "/healthz") is not None,
        env=environment.gateway(at),
        cwd=home.path,
    )


def prepare(home: Home, at: Addresses) -> Program:
    """Database, tables and first accounts."""
    return Program(
        name="prepare",
        argv=(sys.executable, "-m", "sandbox.prepare", str(home.path)),
        after=("postgres",),
        env=environment.migrations(at),
        cwd=home.path,
        once=True,
    )


def worker(home: Home, at: Addresses, temporal: TemporalServer) -> Program:
    return Program(
        name="worker",
        argv=(sys.executable, "-m", "worker"),
        ready=lambda: temporal.has_worker(environment.TASK_QUEUE),
        after=("prepare", "temporal"),
        uses=("postgres", "gateway"),
        env=environment.worker(at),
        cwd=home.path,
        grace_s=25.0,  # it lets steps in flight finish, for up to 20 s
    )


def api(home: Home, at: Addresses) -> Program:
    where = ("--host", HOST, "--port", str(at.ports.api))
    # A browser that follows /events/ would otherwise keep the server from stopping, and the
    # application writes a line for each request itself.
    manners = ("--no-server-header", "--timeout-graceful-shutdown", "5", "--no-access-log")
    return Program(
        name="api",
        argv=(sys.executable, "-m", "uvicorn", "--factory", "api.app:create_app", *where, *manners),
        ready=lambda: http_get(at.ports.api, "/readyz") is not None,
        # It loads for more than a second and waits for its servers by itself.
        uses=("prepare", "postgres", "temporal", "gateway"),
        env=environment.api(home, at),
        cwd=home.path,
    )
