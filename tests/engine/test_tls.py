"""Temporal behind TLS: each side shows a certificate, and believes only its own authority's."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.client import connect
from sandbox.temporal import TemporalServer
from settings import Settings
from tests.conftest import KEYS, environment
from tests.engine.tls import Authority, behind_tls


@dataclass(frozen=True)
class Guarded:
    """A server that lets in who has a certificate of our authority."""

    address: str
    ours: Authority
    others: Authority


@pytest.fixture
async def guarded(temporal: TemporalServer, tmp_path: Path) -> AsyncIterator[Guarded]:
    ours, others = Authority(tmp_path / "ours"), Authority(tmp_path / "others")
    async with behind_tls(temporal.address, ours.issue("server"), ours.cert) as address:
        yield Guarded(address, ours, others)


async def test_the_settings_name_the_certificates_of_both_sides(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, key = guarded.ours.issue("worker")
    files = {"CERT": cert, "KEY": key, "SERVER_CA": guarded.ours.cert}
    given = environment("postgresql://nobody@localhost/none", "postgresql://nobody@localhost/none")
    given |= {"TEMPORAL_ADDRESS": guarded.address}
    given |= {f"TEMPORAL_TLS_{name}": str(file) for name, file in files.items()}
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    client = await connect(**Settings().temporal())

    assert await client.service_client.check_health()


async def test_who_shows_no_certificate_is_not_let_in(guarded: Guarded) -> None:
    with pytest.raises(RuntimeError):
        await connect(guarded.address, namespace="default", keys=KEYS, server_ca=guarded.ours.cert)


async def test_who_shows_a_certificate_of_somebody_else_is_not_let_in(guarded: Guarded) -> None:
    cert, key = guarded.others.issue("worker")

    with pytest.raises(RuntimeError):
        await connect(
            guarded.address,
            namespace="default",
            keys=KEYS,
            server_ca=guarded.ours.cert,
            client_cert=cert,
            client_key=key,
        )


async def test_a_server_that_another_authority_vouches_for_is_not_told_anything(
    guarded: Guarded,
) -> None:
    cert, key = guarded.ours.issue("worker")

    with pytest.raises(RuntimeError, match=r"(?i)certificate"):
        await connect(
            guarded.address,
            namespace="default",
            keys=KEYS,
            server_ca=guarded.others.cert,
            client_cert=cert,
            client_key=key,
        )
