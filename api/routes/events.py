"""Live events: one's own, and those of one ticket."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, status

from api.deps import Caller, CurrentUser, Held, Services, Session
from api.live.stream import EventStream, Follower
from api.live.subscriptions import Subscription
from api.paths import PREFIX
from api.refusals import Responses, refusals
from api.schemas.events import EXAMPLE, MEDIA_TYPE, DisputeNoteEvent, PaymentEvent, TicketEvent
from domain.errors import NotFound
from models.queries import tickets

router = APIRouter(prefix=PREFIX, tags=["events"])
_NUMBER: Final = r"^[0-9]{1,18}$"
_STREAM: Final[Responses] = {
    200: {
        "model": TicketEvent | DisputeNoteEvent | PaymentEvent,
        "description": "Events until the connection ends. `event:` is the kind, and `data:` one"
        " JSON object of the schema.",
        "content": {MEDIA_TYPE: {"example": EXAMPLE}},
    }
}
_LOGIN: Final = ("not_authenticated", "validation_error")


async def _after(
    header: Annotated[
        str | None,
        Header(
            alias="Last-Event-ID",
            pattern=_NUMBER,
            description="`id` of the last event that the client has; 0 for all from the first on."
            " Without it the stream begins now.",
        ),
    ] = None,
    query: Annotated[
        str | None,
        Query(
            alias="last_event_id",
            pattern=_NUMBER,
            description="The same for an EventSource, which sends the header only when it"
            " reconnects; the header then counts.",
        ),
    ] = None,
) -> int | None:
    given = query if header is None else header
    return None if given is None else int(given)


After = Annotated[int | None, Depends(_after)]


@router.get(
    "/events/",
    status_code=status.HTTP_200_OK,
    response_class=EventStream,
    responses=_STREAM | refusals(*_LOGIN),
)
async def follow_events(caller: CurrentUser, services: Held, after: After) -> EventStream:
    """Follow everything that concerns the caller: tickets, notes of disputes, payments.

    A client that comes back with `Last-Event-ID` misses nothing and sees nothing twice. The
    stream ends with the login and when the access token expires; lines that begin with a colon
    keep the connection open.
    """
    return _stream(services, caller, after)


@router.get(
    "/tickets/{ticket_id}/events/",
    status_code=status.HTTP_200_OK,
    response_class=EventStream,
    responses=_STREAM | refusals(*_LOGIN, "not_found"),
)
async def follow_ticket(
    ticket_id: UUID, session: Session, caller: CurrentUser, services: Held, after: After
) -> EventStream:
    """Follow one ticket, as one of its parties. It resumes and ends as `/events/` does."""
    ticket = await tickets.find(session, ticket_id)
    if ticket is None or ticket.role_of(caller.id) is None:
        raise NotFound("There is no such ticket.")
    return _stream(services, caller, after, ticket_id)


def _stream(
    services: Services, caller: Caller, after: int | None, ticket_id: UUID | None = None
) -> EventStream:
    subscription = Subscription(caller.id, caller.session_id, ticket_id)
    follower = Follower(subscription, after, caller.token_expires_at)
    return EventStream(services.events, services.reads, follower)
