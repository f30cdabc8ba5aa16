"""Registers the search attributes, and refuses to run without them.

An attribute that the server does not know fails every workflow task in silence.
"""

import asyncio
from typing import Final

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from workflows import attributes

REGISTERED: Final = {
    attributes.TICKET_STATUS.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    attributes.PAYMENT_STATUS.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    attributes.BORROWER_ID.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    attributes.LENDER_ID.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    attributes.ASSET_ID.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    attributes.NEEDS_ATTENTION.name: IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
}
_PATIENCE_S: Final = 60
_NOT_FOR_US: Final = (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED)


class MissingSearchAttributes(RuntimeError):
    """The namespace was not prepared."""


async def register(client: Client) -> None:
    """Add what is missing, and wait until workers can use it. Safe to repeat.

    Raises:
        MissingSearchAttributes: They are for somebody else to add, as on Temporal Cloud.
    """
    missing = await _missing(client)
    if not missing:
        return
    try:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=client.namespace,
                search_attributes={name: REGISTERED[name] for name in missing},
            )
        )
    except RPCError as error:
        if error.status not in _NOT_FOR_US:
            raise
        raise MissingSearchAttributes(
            f"{_lacks(client, missing)}, and this login may not add them ({error.message}). On"
            " Temporal Cloud add them in the namespace's settings, or with tcld: tcld namespace"
            f" search-attributes add --namespace {client.namespace}"
            f"{''.join(f' --search-attribute {name}={_kind(name)}' for name in missing)}"
        ) from error
    # The server adds them at once and knows of them a little later.
    async with asyncio.timeout(_PATIENCE_S):
        while await _missing(client):  # noqa: ASYNC110  (the server sets no event of ours)
            await asyncio.sleep(0.2)


async def check(client: Client) -> None:
    """Raise unless the namespace knows every attribute.

    Raises:
        MissingSearchAttributes: With the names, and the command that adds them.
    """
    if missing := await _missing(client):
        raise MissingSearchAttributes(f"{_lacks(client, missing)}; run `./assets prepare-engine`")


async def _missing(client: Client) -> list[str]:
    names = sorted(REGISTERED)
    known = await asyncio.gather(*(_is_known(client, name) for name in names))
    return [name for name, is_known in zip(names, known, strict=True) if not is_known]


async def _is_known(client: Client, name: str) -> bool:
    """Ask for a workflow that there is not: Temporal Cloud shows its list of names to nobody."""
    try:
        await client.count_workflows(f"WorkflowId = 'nobody' AND {name} IS NOT NULL")
    except RPCError as error:
        if error.status is not RPCStatusCode.INVALID_ARGUMENT:
            raise
        return False
    return True


def _lacks(client: Client, missing: list[str]) -> str:
    return f"namespace {client.namespace!r} lacks the search attributes {', '.join(missing)}"


def _kind(name: str) -> str:
    """Return `Keyword` or `Bool`, as Temporal's own tools write it."""
    name_of_type = IndexedValueType.Name(REGISTERED[name])
    return name_of_type.removeprefix("INDEXED_VALUE_TYPE_").capitalize()
