"""Commands that stand outside a sandbox, run as an operator runs them."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest

from engine.client import connect
from engine.search_attributes import MissingSearchAttributes, check
from sandbox.temporal import TemporalServer
from tests.conftest import KEYS, ROOT, environment

NAMESPACE = "new-deployment"


async def test_prepare_engine_makes_a_new_namespace_fit_for_workers(
    temporal: TemporalServer, tmp_path: Path
) -> None:
    client = await connect(temporal.address, namespace=NAMESPACE, keys=KEYS)
    retention = Duration()
    retention.FromTimedelta(timedelta(days=1))
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=NAMESPACE, workflow_execution_retention_period=retention)
    )
    with pytest.raises(MissingSearchAttributes, match="TicketStatus"):
        await check(client)

    prepare_engine(temporal.address, tmp_path)
    prepare_engine(temporal.address, tmp_path)

    await check(client)


def prepare_engine(address: str, folder: Path) -> None:
    deployment = environment("postgresql://unused", "postgresql://unused")
    engine = {"TEMPORAL_ADDRESS": address, "TEMPORAL_NAMESPACE": NAMESPACE}
    subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), "prepare-engine"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **deployment, **engine},
        check=True,
    )
