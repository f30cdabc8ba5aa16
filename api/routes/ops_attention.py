"""/ops/attention and /ops/workflows: what cannot go on by itself, and what operators decide."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Response

from api.commands.failures import Closed
from api.deps import Held, Idempotent, Operator, Services, Session
from api.idempotency import Attempt
from api.origin import FromCaller
from api.pages import Cursor, Limit, Moment, cut, key_in
from api.paths import PREFIX
from api.refusals import LATER, refusals
from api.schemas.attention import AttentionOut, Decide, DecisionOut
from api.schemas.common import Page
from api.temporal_ui import workflows_in
from domain.errors import IllegalTransition, NotFound
from models.queries import attention, audit
from workflows.messages import Decision

router = APIRouter(prefix=f"{PREFIX}/ops", tags=["operators"])
_LIST: Final = f"{PREFIX}/ops/attention/"
_OPERATOR: Final = ("not_authenticated", "forbidden")
# The form of domain/ids.py: what else the engine runs is none of an operator's decisions.
WorkflowId = Annotated[
    str, Path(pattern=r"^[a-z][a-z-]{0,31}:[0-9a-f-]{36}$", description="Such as `payment:{id}`.")
]


@router.get("/attention/", responses=refusals(*_OPERATOR, "validation_error"))
async def list_attention(
    session: Session, services: Held, _: Operator, limit: Limit = 20, cursor: Cursor = None
) -> Page[AttentionOut]:
    """List the workflows that cannot go on by themselves, the oldest trouble first.

    What waits for an operator in the ordinary course of business has lists of its own: contested
    tickets, withdrawals, reversals and findings.
    """
    after = key_in(cursor, Moment.parse)
    rows = await attention.page(
        session, after=(after.at, after.seq) if after else None, limit=limit + 1
    )
    shown, following = cut(rows, limit, lambda row: Moment(row.since, row.seq))
    now, ui = services.clock.now(), workflows_in(services)
    return Page(items=[AttentionOut.of(row, now, ui) for row in shown], next=following)


@router.post(
    "/workflows/{workflow_id}/decide/",
    response_model=DecisionOut,
    responses=LATER
    | refusals(
        *_OPERATOR,
        "csrf_failed",
        "not_found",
        "illegal_transition",
        "validation_error",
        "idempotency_key_reused",
        "payload_too_large",
        "unsupported_media_type",
        "engine_unavailable",
    ),
)
async def decide_workflow(
    workflow_id: WorkflowId,
    body: Decide,
    operator: Operator,
    origin: FromCaller,
    services: Held,
    idempotency: Idempotent,
) -> Response:
    """Have a parked workflow try again, or give up what it is parked on.

    It goes on once the decision is in the audit log. What `abort` means stands in `todo` of the
    list; where nothing can be given up, it is refused.
    """

    async def decide(attempt: Attempt) -> DecisionOut:
        decision = Decision(
            body.action, str(operator.id), body.note, operator.id, origin, attempt.resource_id
        )
        try:
            await services.decisions.decide(workflow_id, decision, attempt.command_id)
        except Closed:
            await _check_taken(services, workflow_id, attempt)
        return DecisionOut(workflow_id=workflow_id, action=body.action, note=body.note)

    return await idempotency.run(decide, poll=lambda _: _LIST)


async def _check_taken(services: Services, workflow_id: str, attempt: Attempt) -> None:
    """Pass if this very request was decided on before its workflow ended."""
    async with services.reads() as session:
        if await audit.is_recorded(session, attempt.resource_id):
            return
        if not await attention.was_listed(session, workflow_id):
            raise NotFound("No workflow of this name needs a decision, or ever did.")
    raise IllegalTransition("decide about", "ended", what="workflow")
