"""Commands that stand outside a sandbox, run as an operator runs them."""

import os
import re
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest

from activities.seals import PostgresSealSteps
from engine.client import connect
from engine.search_attributes import MissingSearchAttributes, check
from models.database import Sessions
from sandbox.temporal import TemporalServer
from tests import given
from tests.api.test_ledger_proof import forge
from tests.conftest import KEYS, ROOT, as_application, environment

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


async def test_verify_ledger_says_what_holds_and_fails_when_something_does_not(
    own_database: str, own_sessions: Sessions, tmp_path: Path
) -> None:
    await given.a_paid_payment(own_sessions, await given.a_user(own_sessions), Decimal(100_000))
    sealed = await PostgresSealSteps(own_sessions).seal_ledger()
    url = as_application(own_database)

    honest = verify_ledger(url, tmp_path, f"{sealed.number}:{sealed.digest}")
    other_seal = verify_ledger(url, tmp_path, f"{sealed.number}:{'0' * 64}")
    no_seal = verify_ledger(url, tmp_path, "x")
    forge(own_database)
    forged = verify_ledger(url, tmp_path)

    assert (honest.returncode, honest.stdout.splitlines()[-1]) == (0, "The ledger holds.")
    assert "BROKEN" not in honest.stdout
    assert (other_seal.returncode, no_seal.returncode) == (1, 2)
    assert "is not the one that was noted" in other_seal.stdout
    assert "not NUMBER:SHA256" in no_seal.stderr
    assert forged.returncode == 1
    assert re.search(r"entry [0-9a-f-]{36}: was changed after seal 1", forged.stdout)
    assert "Traceback" not in forged.stderr + no_seal.stderr


def verify_ledger(
    url: str, folder: Path, seal: str | None = None
) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment(url, url)}
    known = ["--seal", seal] if seal else []
    return subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), "verify-ledger", "--deployment", *known],
        cwd=folder,
        env=environ,
        check=False,
        capture_output=True,
        text=True,
    )
