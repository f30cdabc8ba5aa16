"""The real dev server, alone."""

from pathlib import Path

from temporalio.client import Client

from engine import search_attributes
from sandbox.ports import free_port
from sandbox.temporal import SEARCH_ATTRIBUTES, TemporalServer


async def test_a_fresh_server_knows_every_search_attribute() -> None:
    with TemporalServer(free_port()).running() as server:
        client = await Client.connect(server.address, namespace=server.namespace)
        await search_attributes.check(client)

    assert set(SEARCH_ATTRIBUTES) == set(search_attributes.REGISTERED)


async def test_with_a_file_it_remembers_workflows(tmp_path: Path) -> None:
    server = TemporalServer(free_port(), ui_port=free_port(), database=tmp_path / "t.sqlite")
    with server.running():
        client = await Client.connect(server.address)
        await client.start_workflow("Waiting", id="loan", task_queue="nobody")

    with server.running():
        client = await Client.connect(server.address)
        description = await client.get_workflow_handle("loan").describe()

    assert description.workflow_type == "Waiting"


async def test_it_says_whether_a_queue_has_a_worker() -> None:
    with TemporalServer(free_port()).running() as server:
        assert not server.has_worker("nobody")
