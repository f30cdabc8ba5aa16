"""A worker does not start on a namespace that nobody prepared."""

from typing import NoReturn
from uuid import uuid4

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.client import Client
from temporalio.service import OperatorService, RPCError, RPCStatusCode

from engine import search_attributes
from engine.client import connect
from engine.search_attributes import MissingSearchAttributes
from sandbox.temporal import SEARCH_ATTRIBUTES, TemporalServer
from tests.conftest import KEYS

KEYWORD = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD


@pytest.fixture
async def client(temporal: TemporalServer) -> Client:
    return await connect(temporal.address, namespace="default", keys=KEYS)


@pytest.fixture
def unknown(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of an attribute that we want, too, and the server does not know."""
    name = f"Mood{uuid4().hex[:8]}"
    wanted = search_attributes.REGISTERED | {name: KEYWORD}
    monkeypatch.setattr(search_attributes, "REGISTERED", wanted)
    return name


async def test_a_prepared_namespace_passes_and_preparing_can_be_repeated(client: Client) -> None:
    await search_attributes.register(client)
    await search_attributes.register(client)

    await search_attributes.check(client)


async def test_a_missing_attribute_is_named_with_the_command_that_adds_it(
    client: Client, unknown: str
) -> None:
    with pytest.raises(MissingSearchAttributes, match=rf"attributes {unknown}; .*prepare-engine"):
        await search_attributes.check(client)


@pytest.mark.usefixtures("unknown")
async def test_what_was_prepared_passes_at_once(client: Client) -> None:
    await search_attributes.register(client)

    await search_attributes.check(client)


async def test_preparing_ends_when_the_server_knows_what_it_added(
    client: Client, unknown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cluster takes some seconds for that, where the server of these tests takes none."""
    asked: list[str] = []
    is_known = search_attributes._is_known

    async def known_later(client: Client, name: str) -> bool:
        asked.append(name)
        return await is_known(client, name) and asked.count(unknown) > 3

    monkeypatch.setattr(search_attributes, "_is_known", known_later)

    await search_attributes.register(client)

    assert asked.count(unknown) == 4


@pytest.mark.parametrize("status", [RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED])
async def test_who_may_not_add_them_is_told_who_may(
    client: Client, unknown: str, status: RPCStatusCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_to_add(monkeypatch, status)

    with pytest.raises(MissingSearchAttributes, match="Request unauthorized") as error:
        await search_attributes.register(client)

    command = "tcld namespace search-attributes add --namespace default"
    assert f"{command} --search-attribute {unknown}=Keyword" in str(error.value)


async def test_what_is_there_is_not_added_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So preparing passes with a login that may not add, once somebody has."""
    refuse_to_add(monkeypatch, RPCStatusCode.PERMISSION_DENIED)

    await search_attributes.register(client)


def refuse_to_add(monkeypatch: pytest.MonkeyPatch, status: RPCStatusCode) -> None:
    """Do as Temporal Cloud does, which no test can start."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise RPCError("Request unauthorized.", status, b"")

    monkeypatch.setattr(OperatorService, "add_search_attributes", refuse)


def test_the_sandbox_registers_the_same_attributes() -> None:
    assert set(SEARCH_ATTRIBUTES) == set(search_attributes.REGISTERED)
