"""What the engine keeps of a workflow, decrypted."""

from collections.abc import Iterator
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHandle

from engine.codec import EncryptionCodec
from tests.conftest import KEYS


async def texts_in(handle: WorkflowHandle[Any, Any]) -> list[str]:
    """Return every payload in a workflow's history as text."""
    history = await handle.fetch_history()
    found = [payload for event in history.events for payload in payloads_in(event)]
    opened = await EncryptionCodec(KEYS).decode(found)
    return [payload.data.decode(errors="replace") for payload in opened]


def payloads_in(message: Any) -> Iterator[Payload]:
    if isinstance(message, Payload):
        yield message
        return
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None:
            continue
        if descriptor.message_type.GetOptions().map_entry:
            children = [child for child in value.values() if hasattr(child, "ListFields")]
        else:
            children = value if descriptor.is_repeated else [value]
        for child in children:
            yield from payloads_in(child)
