"""What a workflow that needs a person shows: attribute, details, row, lines of the audit log."""

from typing import Any

from sqlalchemy import select
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import (
    WorkflowHandle,
)

from models.attention import AttentionRow
from models.audit import AuditRow
from models.database import Sessions
from models.queries import audit
from models.queries.audit import AuditFilter
from workflows import attributes

Handle = WorkflowHandle[Any, Any]


async def is_marked(handle: Handle) -> bool:
    described = await handle.describe()
    return described.typed_search_attributes.get(attributes.NEEDS_ATTENTION) is True


async def is_unmarked(handle: Handle) -> bool:
    return not await is_marked(handle)


async def details(handle: Handle) -> str:
    told = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return str(told.current_details)


async def rows(sessions: Sessions, handle: Handle) -> list[AttentionRow]:
    wanted = select(AttentionRow).where(AttentionRow.workflow_id == handle.id)
    async with sessions() as session:
        return list(await session.scalars(wanted.order_by(AttentionRow.seq)))


async def is_listed(sessions: Sessions, handle: Handle) -> bool:
    return any(row.cleared_at is None for row in await rows(sessions, handle))


async def lines(sessions: Sessions, handle: Handle) -> list[AuditRow]:
    async with sessions() as session:
        return list(await audit.page(session, AuditFilter(subject=handle.id), limit=10))
