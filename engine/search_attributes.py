"""Registers the search attributes, and refuses to run without them.

An attribute that the server does not know fails every workflow task in silence.
"""

from typing import Final

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import Client

from workflows import attributes

REGISTERED: Final = {
    attributes.TICKET_STATUS.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    attributes.PAYMENT_STATUS.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    attributes.BORROWER_ID.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    attributes.LENDER_ID.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    attributes.ASSET_ID.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    attributes.NEEDS_ATTENTION.name: IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
}


class MissingSearchAttributes(RuntimeError):
    """The namespace was not prepared."""


async def register(client: Client) -> None:
    """Add what is missing. Safe to repeat; on Temporal Cloud use its own console instead."""
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace=client.namespace, search_attributes=REGISTERED)
    )


async def check(client: Client) -> None:
    """Raise unless the namespace knows every attribute.

    Raises:
        MissingSearchAttributes: With the names, and the command that adds them.
    """
    known = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    missing = sorted(set(REGISTERED) - set(known.custom_attributes))
    if missing:
        raise MissingSearchAttributes(
            f"namespace {client.namespace!r} lacks the search attributes {', '.join(missing)}; "
            "run `./assets prepare-engine`"
        )
