"""`./assets demo` as a person runs it."""

import subprocess
from pathlib import Path

import httpx
import psutil

from tests.e2e.dev import Dev, command, environment


def demo(dev: Dev) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("demo", dev.home), env=environment(), capture_output=True, text=True, check=False
    )


def test_the_demo_shows_a_loan_and_its_ledger(dev: Dev) -> None:
    shown = demo(dev)

    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "Leila's wallet 427,500.00 + platform revenue 22,500.00" in shown.stdout
    assert f"{dev.info.temporal_ui}/namespaces/default/workflows/ticket%3A" in shown.stdout
    assert "status: Completed" in shown.stdout
    assert "\033" not in shown.stdout


async def test_the_demo_says_what_failed(dev: Dev, gateway: httpx.AsyncClient) -> None:
    outage = {"behaviour": "outage", "operation": "request", "times": None}
    await gateway.post("/control/", json=outage)

    shown = demo(dev)
    await gateway.delete("/control/")

    assert shown.returncode == 1
    assert "/payments/initiate/ was answered 503, not 201" in shown.stderr
    assert "gateway_unavailable" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_where_nothing_runs_the_demo_starts_a_system_and_leaves_nothing_of_it(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"

    shown = subprocess.run(
        command("demo", home),
        env=environment() | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert shown.stdout.startswith(f"No sandbox runs in {home}. Starting one")
    assert list(tmp_path.iterdir()) == []
    # Each program of a sandbox has a path in its home among its arguments, or is below one.
    running = [
        " ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])
    ]
    assert not [arguments for arguments in running if str(tmp_path) in arguments]
