"""The base of all images: Debian with its own Python, in the place of python:3.13-slim."""

import platform
import shutil
import subprocess
from pathlib import Path

from tests.containers.engine import ContainerError, Engine
from tests.containers.machine import cache

NAME = "localhost/stand-in/python:debian"
# The Python of that image comes with `venv`; wget is in Temporal's, and yaml reads its settings.
PACKAGES = "python3,python3-venv,python3-yaml,wget,ca-certificates"
# Of no use in a container, and half of its size.
LEFT_OUT = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale")


def load(engine: Engine) -> str:
    """Give the engine the base image, made once and kept, and return its name."""
    system = platform.freedesktop_os_release()
    archive = cache() / f"{system['ID']}-{system['VERSION_CODENAME']}.tar"
    if not archive.exists():
        _make(system, archive, engine.home / "root")
    engine.podman("import", str(archive), NAME)
    return NAME


def _make(system: dict[str, str], archive: Path, root: Path) -> None:
    """Install this machine's release into a folder, and pack it. It takes minutes."""
    # Where Ubuntu has part of what Debian has in `main`.
    parts = "main,universe" if system["ID"] == "ubuntu" else "main"
    what = (f"--components={parts}", f"--include={PACKAGES}", system["VERSION_CODENAME"])
    _run("debootstrap", "--variant=minbase", *what, str(root))
    # The image that this stands for calls it so.
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    # Written under another name first: what was interrupted is not taken for a whole one later.
    new = archive.with_suffix(".new")
    left_out = [f"--exclude=./{path}/*" for path in LEFT_OUT]
    _run("tar", "--create", f"--file={new}", f"--directory={root}", *left_out, ".")
    new.replace(archive)
    shutil.rmtree(root)


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise ContainerError(f"{' '.join(command)}:\n{done.stdout}{done.stderr}"[-4000:])
