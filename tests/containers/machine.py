"""What these tests need of the machine, and how they get it: a container engine, debootstrap."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.containers.engine import ContainerError

# Where each package is seen to be there.
PACKAGES = {
    "podman": "podman",
    "runc": "runc",
    "debootstrap": "debootstrap",
    "conmon": "conmon",
    "catatonit": "catatonit",
    "iptables": "iptables",
    "netavark": "/usr/lib/podman/netavark",
    "aardvark-dns": "/usr/lib/podman/aardvark-dns",
}


def require() -> None:
    """Install what is missing.

    Raises:
        ContainerError: That is not for us to do, or it did not help.
    """
    if os.geteuid() != 0:
        raise ContainerError("./assets test --containers mounts and makes networks: run it as root")
    packages = missing()
    if packages and shutil.which("apt-get"):
        _install(packages)
    if left := missing():
        raise ContainerError(
            f"./assets test --containers needs {', '.join(left)}: install these packages"
            " (apt-get could not), or run it on Debian 12 or newer"
        )


def missing() -> list[str]:
    # A path is looked for as it is.
    return [package for package, sign in PACKAGES.items() if shutil.which(sign) is None]


def _install(packages: list[str]) -> None:
    quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        done = subprocess.run(
            ["apt-get", "--quiet", *command],
            env=quietly,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise ContainerError(f"apt-get {' '.join(command)} failed:\n{done.stderr[-2000:]}")


def cache() -> Path:
    """Return the folder that keeps between runs what takes minutes to get."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = caches / "assets" / "containers"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
