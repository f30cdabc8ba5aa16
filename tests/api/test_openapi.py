"""The document that the frontend is generated from."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from api.openapi import SNAPSHOT, document, surface
from api.problems import STATUS
from api.schemas.assets import AssetOut, NewAsset
from api.schemas.auth import Registration, UserOut
from api.schemas.disputes import DisputeNoteOut, DisputeOut, NewDispute, Resolution
from api.schemas.events import DisputeNoteEvent, PaymentEvent, TicketEvent
from api.schemas.extensions import ExtensionOut, NewExtension
from api.schemas.payments import NewTopUp, PaymentOut
from api.schemas.previews import PreviewOut
from api.schemas.tickets import NewTicket, TicketOut, TransitionOut
from api.schemas.wallet import EntryOut, WalletOut

DOCUMENT: Any = json.loads(document())


def operations() -> Iterator[tuple[str, str, Any]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_the_snapshot_is_up_to_date() -> None:
    assert SNAPSHOT.read_text(encoding="utf-8") == document(), "run: ./assets openapi"


async def test_it_is_served_with_a_page_to_read_it(http: httpx.AsyncClient) -> None:
    assert (await http.get("/openapi.json")).json() == DOCUMENT
    assert (await http.get("/docs")).status_code == 200


def test_operations_have_names_that_are_unique() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]

    assert len(names) == len(set(names))
    assert {"register", "create_ticket", "accept_ticket", "verify_payment"} <= set(names)


def test_every_body_has_an_example_and_every_refusal_is_a_problem() -> None:
    for method, path, operation in operations():
        bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
        for name, body in bodies.items():
            for kind, content in body.get("content", {}).items():
                assert content.get("example", content.get("examples")) is not None, (method, path)
                if name not in {"request", "200", "201", "202"} and path != "/readyz":
                    assert kind == "application/problem+json", (method, path, name)


def test_every_operation_that_needs_a_login_says_so_and_how() -> None:
    schemes = DOCUMENT["components"]["securitySchemes"]
    assert {scheme["type"] for scheme in schemes.values()} == {"http", "apiKey"}

    needed: list[dict[str, list[str]]] = [{"bearer": []}, {"cookie": []}]
    for method, path, operation in operations():
        is_open = operation["x-policy"] in {"everyone", "own"}
        # An empty requirement is one that nobody has to meet.
        expected = [[], [{}, *needed]] if is_open else [needed]
        assert operation["security"] in expected, (method, path)


def test_no_operation_refers_to_a_server_or_to_the_frameworks_own_errors() -> None:
    assert "servers" not in DOCUMENT
    assert "HTTPValidationError" not in json.dumps(DOCUMENT)
    assert set(DOCUMENT["components"]["examples"]) == set(STATUS)


@pytest.mark.parametrize(
    "model",
    [
        AssetOut, NewAsset, Registration, UserOut, NewTopUp, PaymentOut, NewTicket, TicketOut,
        TransitionOut, EntryOut, WalletOut, NewExtension, ExtensionOut, NewDispute, DisputeOut,
        Resolution, DisputeNoteOut, PreviewOut, TicketEvent, DisputeNoteEvent, PaymentEvent,
    ],
)  # fmt: skip
def test_an_example_is_a_real_one(model: Any) -> None:
    [example] = model.model_config["json_schema_extra"]["examples"]

    read = TypeAdapter(model).validate_python(example)

    assert TypeAdapter(model).dump_python(read, mode="json", by_alias=True).items() >= {
        name: value for name, value in example.items() if name not in {"amount", "asset_id"}
    }.items() or isinstance(read, Registration | NewTicket | NewTopUp)


def test_every_reference_leads_somewhere() -> None:
    for reference in references(surface().openapi()):
        found: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (node["$ref"],) if isinstance(node.get("$ref"), str) else ()
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)
