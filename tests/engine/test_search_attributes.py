"""A worker does not start on a namespace that nobody prepared."""

import pytest

from engine import search_attributes
from engine.client import connect
from engine.search_attributes import MissingSearchAttributes
from sandbox.temporal import SEARCH_ATTRIBUTES, TemporalServer
from tests.conftest import KEYS


async def test_a_prepared_namespace_passes_and_preparing_can_be_repeated(
    temporal: TemporalServer,
) -> None:
    client = await connect(temporal.address, namespace="default", keys=KEYS)

    await search_attributes.register(client)
    await search_attributes.register(client)

    await search_attributes.check(client)


async def test_a_missing_attribute_is_named_with_the_command_that_adds_it(
    temporal: TemporalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await connect(temporal.address, namespace="default", keys=KEYS)
    wanted = search_attributes.REGISTERED | {"Mood": 2}
    monkeypatch.setattr(search_attributes, "REGISTERED", wanted)

    with pytest.raises(MissingSearchAttributes, match=r"Mood.*prepare-engine"):
        await search_attributes.check(client)


def test_the_sandbox_registers_the_same_attributes() -> None:
    assert set(SEARCH_ATTRIBUTES) == set(search_attributes.REGISTERED)
