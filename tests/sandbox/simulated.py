"""The simulator of gateway and providers, as a process that can be killed."""

import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from sandbox.ports import free_port

ROOT = Path(__file__).parents[2]


@dataclass
class Running:
    """The simulator as a process of its own."""

    state: Path
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "sandbox.gateway"]
        options = ["--port", str(self.port), "--state", str(self.state), "--public-url", self.url]
        self.process = subprocess.Popen([*command, *options], cwd=ROOT)
        retrying = httpx.HTTPTransport(retries=8)  # waits a little longer each time, up to 30 s
        with httpx.Client(transport=retrying) as client:
            client.get(f"{self.url}/healthz").raise_for_status()

    def end(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        self.process.wait(timeout=10)
