"""The manifests: each is what Kubernetes reads, and they agree with the image and the settings."""

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from settings import Settings
from tests.conftest import environment
from tests.publishing.files import (
    KUBERNETES,
    KUSTOMIZATIONS,
    MANIFESTS,
    NEWEST,
    OLDEST,
    ROOT,
    container,
    documents,
    named_secrets,
    of_kind,
    pods,
    settings_of_the_cluster,
)
from worker import GRACE

ALL = [
    pytest.param(found, id=f"{found['kind']}-{found['metadata']['name']}")
    for found in documents(*MANIFESTS)
]
FIELDS = {name.upper(): field for name, field in Settings.model_fields.items()}
READ_BY_UVICORN = {"FORWARDED_ALLOW_IPS"}
OF_A_KUSTOMIZATION = {
    "apiVersion",
    "kind",
    "namespace",
    "resources",
    "components",
    "nameSuffix",
    "labels",
    "images",
}
WORKLOADS = ["api", "migrate", "worker"]


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("manifest", ALL)
def test_each_manifest_is_what_kubernetes_reads(manifest: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("readOnlyRootFilesystem", "readOnlyRootFileSystem"),
        ("terminationGracePeriodSeconds", "terminationGracePeriod"),
        ("maxUnavailable: 1", "maxUnavailables: 1"),
        ("replicas", "replica"),
    ],
)
def test_a_misspelt_key_is_seen(right: str, wrong: str, tmp_path: Path) -> None:
    text = (KUBERNETES / "worker" / "worker.yaml").read_text()
    assert right.lower() in text.lower()
    planted = tmp_path / "worker.yaml"
    planted.write_text(re.sub(right, wrong, text, flags=re.IGNORECASE))

    with pytest.raises(kubernetes_validate.ValidationError, match=wrong.partition(":")[0]):
        validate(planted)


@pytest.mark.parametrize("file", KUSTOMIZATIONS, ids=lambda file: file.parent.name)
def test_a_folder_applies_all_that_is_in_it(file: Path) -> None:
    (found,) = documents(file)
    beside = {one.name for one in file.parent.glob("*.yaml")} - {file.name}

    assert set(found) <= OF_A_KUSTOMIZATION
    assert set(found.get("resources", [])) == beside
    assert all(
        (file.parent / one / "kustomization.yaml").exists() for one in found.get("components", [])
    )


def test_one_version_is_deployed() -> None:
    """It stands in the image's tag, and in the names of what exists once for each version."""
    (image,) = documents(KUBERNETES / "image" / "kustomization.yaml")
    (worker,) = documents(KUBERNETES / "worker" / "kustomization.yaml")
    (migrate,) = documents(KUBERNETES / "migrate" / "kustomization.yaml")
    (version,) = re.findall(
        r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )

    tag = image["images"][0]["newTag"]
    suffix = f"-{tag.replace('.', '-')}"

    assert tag == f"v{version}"
    assert worker["labels"][0]["pairs"] == {"app.kubernetes.io/version": tag}
    assert (worker["nameSuffix"], migrate["nameSuffix"]) == (suffix, suffix)


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_pod_can_do_what_its_process_needs_and_nothing_else(name: str) -> None:
    pod, one = pods()[name], container(name)
    dockerfile = (ROOT / "Dockerfile").read_text()
    (user,) = set(re.findall(r"^USER (\d+):(\d+)$", dockerfile, re.MULTILINE))

    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": int(user[0]),
        "runAsGroup": int(user[1]),
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert one["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert one["image"] == "assets"
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["serviceAccountName"] in {
        found["metadata"]["name"] for found in of_kind("ServiceAccount")
    }
    assert one["resources"]["limits"].keys() == {"memory"}
    assert one["resources"]["requests"].keys() == {"cpu", "memory"}


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_pod_is_given_the_settings_it_needs(name: str) -> None:
    given = [next(iter(one.values()))["name"] for one in container(name)["envFrom"]]

    assert given == ["settings", "assets", *(["assets-owner"] if name == "migrate" else [])]


def test_what_is_set_are_settings_and_none_that_is_required_is_missing() -> None:
    plain, secret = set(settings_of_the_cluster()), named_secrets("secrets.env.example")
    owner = named_secrets("owner.env.example")
    by_the_pod = {each["name"] for each in container("worker")["env"]}

    assert plain | secret | owner | by_the_pod <= set(FIELDS) | READ_BY_UVICORN
    assert {name for name, field in FIELDS.items() if field.is_required()} <= plain | secret
    assert not plain & (secret | owner)


def test_no_secret_is_in_the_files() -> None:
    of_secrets = {name for name, field in FIELDS.items() if "SecretStr" in str(field.annotation)}

    assert not of_kind("Secret")
    assert not of_secrets & set(settings_of_the_cluster())


def test_a_process_starts_with_these_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Filled in as the examples say, they pass all that settings refuse outside of a sandbox."""
    url = "postgresql://assets:apart@postgres:5432/assets"
    made = environment(url, url) | {
        "SECRET_KEY": "fL3vJ9-uQ2xWm7_sTzR4yKb8Nc1HdPqA",
        "JWT_SECRET": "Zx8_kVq1Rw5-nTb3YmLc7JdHs2GfPa9E",
        "INDEX_KEY": "B4hYt6-eDw9KzXs2_RqUm5VnLc8PjGa3",
        "ENCRYPTION_KEYS": "k1:4pSyu2ZSkPkOCyXlX1Vt9RmDXIqTvD5hEuC0KbW8Zzo=",
    }
    for name in FIELDS:
        monkeypatch.delenv(name, raising=False)
    secrets = {name: made[name] for name in named_secrets("secrets.env.example")}
    pod = {each["name"]: each.get("value", "v1") for each in container("worker")["env"]}
    for name, value in (secrets | settings_of_the_cluster() | pod).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    assert Settings().worker_build_id == "v1"


def test_workers_have_the_time_that_they_take_to_stop() -> None:
    assert pods()["worker"]["terminationGracePeriodSeconds"] > GRACE.total_seconds()


def test_the_api_has_the_time_that_it_takes_to_stop() -> None:
    (answers,) = re.findall(
        r'"--timeout-graceful-shutdown", "(\d+)"', (ROOT / "Dockerfile").read_text()
    )
    pause = container("api")["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert pods()["api"]["terminationGracePeriodSeconds"] > pause + int(answers)


def validate(file: Path) -> None:
    for found in documents(file):
        kubernetes_validate.validate(found, NEWEST, strict=True)
