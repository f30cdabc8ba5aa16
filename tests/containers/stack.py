"""The whole of docker-compose.yml, brought up by podman-compose with secrets of its own."""

import base64
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.ports import free_port
from settings import Settings
from tests.containers.engine import ContainerError, Engine
from tests.containers.images import COMPOSE, ROOT

HERE = Path(__file__).parent
GATEWAY = HERE / "compose.gateway.yml"
PROJECT = "assets-test"
UP_S = 420.0


@dataclass(frozen=True)
class Stack:
    engine: Engine
    project: Path
    ports: dict[str, int]

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.ports['API_PORT']}"

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.ports['GATEWAY_PORT']}"

    @property
    def ui(self) -> str:
        return f"http://127.0.0.1:{self.ports['UI_PORT']}"

    @property
    def services(self) -> dict[str, Any]:
        """Return what docker-compose.yml says of each service that `up` starts."""
        services = yaml.safe_load(COMPOSE.read_text())["services"]
        return {name: said for name, said in services.items() if "profiles" not in said}

    def up(self) -> None:
        self._compose("up", "--detach", "--no-build")

    def ask(self, service: str, *command: str) -> str:
        """Run a service that is only started on demand, and return what it printed."""
        return self._compose(
            "--profile", service, "run", "--rm", "--no-deps", "-T", service, *command
        )

    def run(self, service: str, *command: str) -> str:
        """Run a command in a running container of a service."""
        return self.engine.podman("exec", container(service), *command)

    def state(self, name: str) -> dict[str, Any]:
        """Return what the engine knows of a container's state."""
        told = json.loads(self.engine.podman("inspect", name))
        state: dict[str, Any] = told[0]["State"]
        return state

    def is_healthy(self, service: str) -> bool:
        return self.engine.attempt("healthcheck", "run", container(service)).returncode == 0

    def kill(self, name: str) -> int:
        """Kill a container's first process as the kernel does, and return the id it had."""
        pid: int = self.state(name)["Pid"]
        os.kill(pid, signal.SIGKILL)
        return pid

    def logs(self, name: str) -> str:
        done = self.engine.attempt("logs", "--tail", "30", name)
        return done.stdout + done.stderr

    def story(self) -> str:
        """Return each container's state and last words: what is read when something is wrong."""
        names = self.engine.podman("ps", "--all", "--format", "{{.Names}}").split()
        states = {name: self.state(name)["Status"] for name in names}
        return "\n".join(f"== {name}: {states[name]}\n{self.logs(name)}" for name in names)

    def _compose(self, *command: str) -> str:
        output = self.project / "output"
        with output.open("wb") as file:
            process = subprocess.Popen(
                [*COMPOSE_COMMAND, *self._files(), *command],
                env=self._environment(),
                cwd=self.project,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                code = process.wait(UP_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                code = process.wait()
        said = output.read_text()
        if code != 0:
            asked = " ".join(command)
            raise ContainerError(f"podman-compose {asked}: {code}\n{said[-4000:]}\n{self.story()}")
        return said

    def _files(self) -> list[str]:
        return ["-f", str(self.project / COMPOSE.name), "-f", str(self.project / GATEWAY.name)]

    def _environment(self) -> dict[str, str]:
        """Pass on no setting of the shell's: it would count for more than what .env says."""
        ours = {name.upper() for name in Settings.model_fields} | set(environment())
        return {name: text for name, text in self.engine.environment.items() if name not in ours}


COMPOSE_COMMAND = (
    str(Path(sys.executable).with_name("podman-compose")),
    f"--podman-path={HERE / 'podman_that_waits.py'}",
    f"--project-name={PROJECT}",
)


def container(service: str, number: int = 1) -> str:
    return f"{PROJECT}_{service}_{number}"


@contextmanager
def a_stack(engine: Engine) -> Iterator[Stack]:
    """Bring everything up, and leave it to the engine to take it down again."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        ports = {name: free_port() for name in ("API_PORT", "GATEWAY_PORT", "UI_PORT")}
        stack = Stack(engine, project, ports)
        shutil.copy(COMPOSE, project)
        # podman-compose does not look for variables behind `!override`.
        text = GATEWAY.read_text().replace("${CHECKOUT}", str(ROOT))
        for name, port in ports.items():
            text = text.replace(f"${{{name}}}", str(port))
        (project / GATEWAY.name).write_text(text)
        env_file = "".join(f"{name}={value}\n" for name, value in environment().items())
        (project / ".env").write_text(env_file)
        stack.up()
        yield stack


def environment() -> dict[str, str]:
    """Return what stands in .env: secrets that are fit for production, a gateway that is not."""
    made_here = ("SECRET_KEY", "JWT_SECRET", "INDEX_KEY")
    passwords = ("", "OWNER_", "APP_", "TEMPORAL_")
    return {
        **{name: secrets.token_urlsafe(32) for name in made_here},
        **{f"POSTGRES_{whose}PASSWORD": secrets.token_urlsafe(32) for whose in passwords},
        "ENCRYPTION_KEYS": f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "ZARINPAL_MERCHANT_ID": "8d7c1f52-0000-4000-8000-000000000000",
        "ZARINPAL_BASE_URL": "http://gateway:8090",
        "ZARINPAL_CALLBACK_URL": "http://api:8000/api/v1/payments/verify/",
        # A gateway that is a simulator, on plain http: without DEBUG nothing starts with that.
        "DEBUG": "true",
        "ALLOWED_HOSTS": "localhost,127.0.0.1,api",
        "RECONCILE_INTERVAL": "PT2S",
    }
