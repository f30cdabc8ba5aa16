"""/healthz: the process lives. /readyz: what it stands on answers."""

import asyncio
from http import HTTPStatus
from typing import Final, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.service import RPCError

from api.deps import Held, Services
from api.policy import everyone

router = APIRouter(tags=["operations"])
_LIMIT_S: Final = 3.0
State = Literal["ok", "unavailable"]


class Alive(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})
    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"database": "ok", "engine": "ok"}]})
    database: State
    engine: State


@router.get("/healthz")
@everyone
async def read_health() -> Alive:
    """Tell that the process lives, whatever it stands on."""
    return Alive()


@router.get("/readyz", responses={HTTPStatus.SERVICE_UNAVAILABLE.value: {"model": Ready}})
@everyone
async def read_readiness(services: Held, response: Response) -> Ready:
    """Tell whether the database and the workflow engine answer."""
    database, engine = await asyncio.gather(_database(services), _engine(services))
    if (database, engine) != ("ok", "ok"):
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return Ready(database=database, engine=engine)


async def _database(services: Services) -> State:
    try:
        async with asyncio.timeout(_LIMIT_S), services.reads() as session:
            await session.execute(text("SELECT 1"))
    except (SQLAlchemyError, TimeoutError):
        return "unavailable"
    return "ok"


async def _engine(services: Services) -> State:
    """Ask for our own namespace: of its health as a whole Temporal Cloud tells nobody."""
    client = services.commands.client
    wanted = DescribeNamespaceRequest(namespace=client.namespace)
    try:
        async with asyncio.timeout(_LIMIT_S):
            await client.workflow_service.describe_namespace(wanted)
    except (RPCError, RuntimeError, TimeoutError):  # RuntimeError: never connected so far
        return "unavailable"
    return "ok"
