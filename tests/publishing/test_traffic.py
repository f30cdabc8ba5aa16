"""The manifests: what a probe asks is there, and the world reaches all but what is for inside."""

import re

import pytest

from api import openapi
from tests.publishing.files import (
    ROOT,
    container,
    of_kind,
    pods,
    settings_of_the_cluster,
)

# What tells of the process and of the platform's money; operations.md says why it stays inside.
INSIDE = {"/healthz", "/readyz", "/metrics"}
PATHS = {route.path for module in openapi._ROUTES for route in module.router.routes}
PATHS |= {"/openapi.json"}
PROBES = ["startupProbe", "readinessProbe", "livenessProbe"]


@pytest.mark.parametrize("probe", PROBES)
def test_a_probe_asks_the_api_by_a_path_and_a_name_that_it_answers(probe: str) -> None:
    asked = container("api")[probe]["httpGet"]
    (host,) = asked["httpHeaders"]

    assert asked["path"] in PATHS
    assert host["name"] == "Host"
    assert host["value"] in settings_of_the_cluster()["ALLOWED_HOSTS"].split(",")


def test_an_api_that_serves_stays_when_temporal_is_away() -> None:
    """It goes on with reads; only a new one must have seen all that it stands on."""
    asked = {probe: container("api")[probe]["httpGet"]["path"] for probe in PROBES}

    assert asked.pop("startupProbe") == "/readyz"
    assert set(asked.values()) == {"/healthz"}


def test_the_api_listens_where_it_is_asked() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    (port,) = container("api")["ports"]
    (service,) = of_kind("Service")

    assert f"EXPOSE {port['containerPort']}\n" in dockerfile
    assert f'"--port", "{port["containerPort"]}"' in dockerfile
    assert "command" not in container("api")
    assert [each["targetPort"] for each in service["spec"]["ports"]] == [port["name"]]
    assert {container("api")[probe]["httpGet"]["port"] for probe in PROBES} == {port["name"]}


def test_a_worker_shows_its_figures_where_it_is_asked() -> None:
    worker = container("worker")
    ports = {each["name"]: each["containerPort"] for each in worker["ports"]}
    given = {each["name"]: each.get("value") for each in worker["env"]}

    assert given["METRICS_ADDRESS"] == f"0.0.0.0:{ports['metrics']}"
    assert given["METRICS_SDK_ADDRESS"] == f"0.0.0.0:{ports['metrics-sdk']}"
    assert worker["readinessProbe"]["httpGet"] == {"path": "/metrics", "port": "metrics"}


def test_the_world_reaches_everything_but_the_inside() -> None:
    (ingress,) = of_kind("Ingress")
    (rule,) = ingress["spec"]["rules"]

    reached = {path for path in PATHS if any(leads(to, path) for to in rule["http"]["paths"])}

    assert reached == PATHS - INSIDE
    assert INSIDE < PATHS


def test_the_world_asks_for_a_name_that_is_answered() -> None:
    (ingress,) = of_kind("Ingress")
    given = settings_of_the_cluster()
    host = ingress["spec"]["rules"][0]["host"]

    assert host in given["ALLOWED_HOSTS"].split(",")
    assert given["API_URL"] == f"https://{host}"
    assert ingress["spec"]["tls"][0]["hosts"] == [host]


def test_a_port_that_somebody_may_reach_is_a_port_of_the_pod() -> None:
    policies = {found["metadata"]["name"]: found["spec"] for found in of_kind("NetworkPolicy")}

    assert policies["nobody"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for name in ("api", "worker"):
        (way_in,) = policies[f"to-{name}"]["ingress"]
        assert way_in["from"]
        allowed = {each["port"] for each in way_in["ports"]}
        assert allowed == {each["name"] for each in container(name)["ports"]}


def test_labels_that_policies_choose_by_are_on_every_pod() -> None:
    (out,) = (found for found in of_kind("NetworkPolicy") if found["metadata"]["name"] == "out")
    wanted = out["spec"]["podSelector"]["matchLabels"]

    for workload in [*of_kind("Deployment"), *of_kind("Job")]:
        name = workload["metadata"]["name"]
        labels = workload["spec"]["template"]["metadata"]["labels"]
        assert labels == {"app.kubernetes.io/name": name, **wanted}
    assert len(pods()) == 3


def leads(to: dict[str, str], path: str) -> bool:
    if to["pathType"] == "Exact":
        return path == to["path"]
    return re.match(rf"{re.escape(to['path'])}(/|$)", path) is not None
