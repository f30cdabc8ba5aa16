"""Where each part of a sandbox is reached, by people and by the other parts."""

from dataclasses import dataclass

from sandbox.ports import Ports
from sandbox.secrets import Secrets

HOST = "127.0.0.1"
DATABASE = "assets"
LOGIN = "assets"


@dataclass(frozen=True)
class Addresses:
    ports: Ports
    secrets: Secrets

    @property
    def api(self) -> str:
        return f"http://{HOST}:{self.ports.api}"

    @property
    def gateway(self) -> str:
        return f"http://{HOST}:{self.ports.gateway}"

    @property
    def worker_metrics(self) -> str:
        return f"{HOST}:{self.ports.metrics}"

    @property
    def engine_metrics(self) -> str:
        return f"{HOST}:{self.ports.metrics_sdk}"

    @property
    def temporal(self) -> str:
        return f"{HOST}:{self.ports.temporal}"

    @property
    def temporal_ui(self) -> str:
        return f"http://{HOST}:{self.ports.temporal_ui}"

    @property
    def database(self) -> str:
        return self._database_url(LOGIN, self.secrets.application_password)

    @property
    def database_as_superuser(self) -> str:
        return self._database_url("postgres", self.secrets.superuser_password)

    def _database_url(self, user: str, password: str) -> str:
        return f"postgresql://{user}:{password}@{HOST}:{self.ports.postgres}/{DATABASE}"
