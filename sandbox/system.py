"""`dev`: the whole system in one home, from its start to its stop."""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from engine.loan_clock import LoanClock
from sandbox import members
from sandbox.addresses import Addresses
from sandbox.dev_json import DevFile, describe
from sandbox.errors import SandboxError
from sandbox.home import Home
from sandbox.loan_time import told
from sandbox.ports import Ports
from sandbox.postgres import Postgres
from sandbox.process import StartError
from sandbox.program import Program
from sandbox.secrets import Secrets
from sandbox.signals import stop_signals
from sandbox.supervisor import Supervisor
from sandbox.temporal import TemporalServer


def run(folder: Path, *, free_ports: bool) -> None:
    """Run a sandbox until Ctrl-C or SIGTERM.

    Raises:
        SandboxError: It cannot run, or a part of it did not start. Nothing is left running.
    """
    started_at = time.monotonic()
    os.umask(0o077)  # state, logs and payloads are nobody else's business, whichever child writes
    home = Home.at(folder)
    home.make()
    with stop_signals() as stop, home.lock():
        dev_file = DevFile(home)
        dev_file.remove()
        at = Addresses(ports(home, free=free_ports), Secrets.kept_in(home))
        say(f"Starting in {home.path} ...")
        set_aside(home.logs)

        def ready(pids: Mapping[str, int]) -> None:
            dev_file.write(describe(at, pids))
            say(welcome(home, at, time.monotonic() - started_at))

        def restarted(pids: Mapping[str, int]) -> None:
            dev_file.write(describe(at, pids))

        try:
            Supervisor(programs(home, at), home.logs, stop, say, ready, restarted).run()
        except StartError as error:
            advice = (
                f"All else was stopped. To start afresh, remove {home.path} or take another --home."
            )
            raise SandboxError(f"{error}\n{advice}") from error
        finally:
            dev_file.remove()
        say("Stopped.")


def ports(home: Home, *, free: bool) -> Ports:
    if free:
        return Ports.free(home)
    fixed = Ports()
    fixed.require_free()
    return fixed


def programs(home: Home, at: Addresses) -> list[Program]:
    postgres = Postgres(home.postgres, at.ports.postgres, at.secrets.superuser_password)
    postgres.create()
    temporal = TemporalServer(
        at.ports.temporal,
        ui_port=at.ports.temporal_ui,
        database=home.temporal,
        codec_endpoint=f"{at.api}/codec",
        http_port=at.ports.temporal_http,
    )
    return [
        postgres.program(),
        temporal.program(),
        members.gateway(home, at),
        members.prepare(home, at),
        members.worker(home, at, temporal),
        members.api(home, at),
    ]


def set_aside(logs: Path) -> None:
    """Keep the logs of the last run under another name, so that these hold one run each."""
    for log in logs.glob("*.log"):
        log.replace(log.with_suffix(".log.1"))


def welcome(home: Home, at: Addresses, seconds: float) -> str:
    clock = LoanClock(home.loan_clock)
    ahead = f"\n  {told(clock)}\n" if clock.ahead else ""
    database = at.database.replace(at.secrets.application_password, "...")
    return f"""Ready after {seconds:.1f} s.

  API           {at.api}/api/v1/
  Reference     {at.api}/docs
  Dashboard     {at.api}/dashboard
  Temporal UI   {at.temporal_ui}
  Gateway       {at.gateway}  (a simulator of Zarinpal)
  Outbox        {at.gateway}/outbox  (what was sent by e-mail and SMS)
  Metrics       {at.api}/metrics  (the worker's: http://{at.worker_metrics}/metrics)
  Database      {database}

  Passwords and all URLs are in {home.dev_json}, logs in {home.logs}/.
  Ctrl-C stops everything; the next start finds the data again.
{ahead}"""


def say(line: str) -> None:
    # A terminal that was closed must not keep us from stopping in good order.
    with suppress(OSError):
        print(line, flush=True)
