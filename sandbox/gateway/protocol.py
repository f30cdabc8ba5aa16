"""POST /pg/v4/payment/*.json: the gateway's interface for merchants."""

import json

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import JSONResponse, Response

from sandbox.gateway.operations import Operation, perform
from sandbox.gateway.simulator import Desk

router = APIRouter(prefix="/pg/v4/payment", tags=["protocol"])


@router.post("/{name}.json")
async def call(name: str, request: Request, desk: Desk) -> Response:
    """Zarinpal REST v4; `name` is request, verify, inquiry, unVerified, reverse, feeCalculation."""
    if name not in set(Operation):
        raise HTTPException(404)
    operation, body = Operation(name), _decode(await request.body())

    def work() -> Response:
        return JSONResponse(perform(operation, desk.store, body))

    return await desk.answer(operation, work)


def _decode(content: bytes) -> object:
    """What is not JSON is refused by validation, like any other wrong body."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
