"""A podman of our own: storage, networks and configuration are in one folder, and go with it."""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# `file`: the locks of the machine's own podman are in shared memory, and a podman that was just
# set up would take all of them for its own. nproc: runc may not set it higher everywhere.
CONFIGURATION = """
[containers]
default_ulimits = ["nofile={files}:{files}", "nproc=1024:1024"]
log_driver = "k8s-file"

[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
tmp_dir = "{home}/run/libpod"
volume_path = "{home}/volumes"

[network]
network_backend = "netavark"
network_config_dir = "{home}/networks"
"""
STORAGE = """
[storage]
driver = "overlay"
graphroot = "{home}/storage"
runroot = "{home}/run/storage"
"""


class ContainerError(Exception):
    """Something about containers failed; the message has what was said."""


@dataclass(frozen=True)
class Engine:
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "CONTAINERS_CONF": str(self.home / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(self.home / "storage.conf"),
            "TMPDIR": str(self.home / "tmp"),
        }

    def podman(self, *arguments: str, timeout_s: float = 120.0) -> str:
        """Run podman and return what it printed.

        Raises:
            ContainerError: It failed.
        """
        done = self.attempt(*arguments, timeout_s=timeout_s)
        if done.returncode != 0:
            said = f"{done.stdout}{done.stderr}"[-8000:]
            raise ContainerError(f"podman {' '.join(arguments)}: {done.returncode}\n{said}")
        return done.stdout

    def attempt(
        self, *arguments: str, timeout_s: float = 120.0
    ) -> subprocess.CompletedProcess[str]:
        """Run podman, and leave it to the caller what its failing means."""
        return subprocess.run(
            ["podman", *arguments],
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )

    def _prepare(self) -> None:
        # The hard limit: nobody may be given more than this process has.
        files = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 65_536)
        (self.home / "tmp").mkdir()
        for name, text in {"containers": CONFIGURATION, "storage": STORAGE}.items():
            configuration = text.format(home=self.home, files=files)
            (self.home / f"{name}.conf").write_text(configuration)

    def _clear(self) -> None:
        for what in (
            ("rm", "--all", "--force", "--time", "0"),
            ("network", "prune", "--force"),
            ("volume", "prune", "--force"),
        ):
            self.podman(*what)
        # Storage mounts its own folder, and a mounted folder cannot be removed.
        for mounted in sorted(_mounts_below(self.home), reverse=True):
            subprocess.run(["umount", "--lazy", mounted], check=True)
        shutil.rmtree(self.home)


@contextmanager
def an_engine(home: Path) -> Iterator[Engine]:
    """Give an engine for the length of a block; nothing of it is left behind."""
    home.mkdir(mode=0o700)
    engine = Engine(home)
    engine._prepare()
    try:
        yield engine
    finally:
        engine._clear()


def _mounts_below(folder: Path) -> list[str]:
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [each for each in mounts if Path(each).is_relative_to(folder)]
