"""The files that machines elsewhere read: where they are, and what their schemas say of them."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

ROOT = Path(__file__).parent.parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
KUBERNETES = ROOT / "kubernetes"
MANIFESTS = sorted(
    file for file in KUBERNETES.glob("*/*.yaml") if file.name != "kustomization.yaml"
)
KUSTOMIZATIONS = sorted(KUBERNETES.glob("*/kustomization.yaml"))
# The oldest that has what we use (a pause before SIGTERM), and the newest whose schema we have.
OLDEST, NEWEST = "1.30", kubernetes_validate.latest_version()


def complaints(schema: str, *files: Path) -> str:
    """Return what a schema that check-jsonschema carries has against files."""
    # In this process: its start would take longer than all of its work.
    found = CliRunner().invoke(check_jsonschema, ["--builtin-schema", schema, *map(str, files)])
    assert found.exit_code in {0, 1}, found.output
    return found.output if found.exit_code else ""


def audited(*files: Path) -> subprocess.CompletedProcess[str]:
    """Have zizmor look for holes: as strictly as it can, and at a file that it cannot read, too."""
    zizmor = Path(sys.executable).with_name("zizmor")
    command: list[str | Path] = [
        zizmor,
        "--offline",
        "--strict-collection",
        "--persona=auditor",
        *files,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def documents(*files: Path) -> Iterator[dict[str, Any]]:
    for file in files:
        yield from yaml.safe_load_all(file.read_text())


def of_kind(kind: str, *files: Path) -> list[dict[str, Any]]:
    return [found for found in documents(*files or MANIFESTS) if found["kind"] == kind]


def pods() -> dict[str, dict[str, Any]]:
    """Return the pod of each workload, by the workload's name."""
    workloads = [*of_kind("Deployment"), *of_kind("Job")]
    return {found["metadata"]["name"]: found["spec"]["template"]["spec"] for found in workloads}


def container(name: str) -> dict[str, Any]:
    (found,) = pods()[name]["containers"]
    one: dict[str, Any] = found
    return one


def settings_of_the_cluster() -> dict[str, str]:
    """Return what the ConfigMap says."""
    (found,) = of_kind("ConfigMap")
    values: dict[str, str] = found["data"]
    return values


def named_secrets(file: str) -> set[str]:
    """Return what is to be filled in in an example of kubernetes/base/."""
    lines = (KUBERNETES / "base" / file).read_text().splitlines()
    return {line.partition("=")[0] for line in lines if line and not line.startswith("#")}
