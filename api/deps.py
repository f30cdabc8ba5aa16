"""What routes ask for, as annotated types: the database, the caller, the engine, idempotency."""

from asyncio import Lock, Task
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession
from temporalio.converter import PayloadCodec

from api.accounts.cookies import Cookies
from api.accounts.passwords import Passwords
from api.accounts.tokens import AccessTokens
from api.commands.decisions import DecisionCommands
from api.commands.ledger import LedgerCommands
from api.commands.messages import MessageCommands
from api.commands.payments import PaymentCommands
from api.commands.tickets import Commands
from api.commands.wallet import WalletCommands
from api.grace import Grace
from api.idempotency import ANONYMOUS, Idempotency
from api.kept import Kept
from api.limits.client_address import client_of
from api.limits.login_guard import LoginGuard
from api.limits.rate_limits import RateLimits
from api.live.hub import EventsHub
from api.metrics import ApiMeasures
from api.perimeter import csrf
from api.perimeter.csrf import Csrf
from api.policy import Policy, guards, takes_login
from api.providers.registry import IdentityProviders
from api.turns import Turns
from api.webhooks.registry import Webhooks
from domain.deadlines import Windows
from domain.errors import Forbidden, NotAuthenticated
from domain.limits import Traffic
from domain.reports import Figures
from domain.ticket import Role, Ticket
from engine.loan_clock import LoanClock
from models.account_secrets import AccountSecrets
from models.database import Sessions
from models.encrypted import BlindIndex, EncryptedColumn
from models.personal import PersonalData
from models.queries.idempotency import RequestName
from models.user import UserRole
from telemetry import cause


@dataclass(frozen=True)
class Services:
    """Everything a process of the API holds, made once by api/app.py.

    Attributes:
        sessions: For writes, each block a transaction.
        reads: The same pool without BEGIN and ROLLBACK, which a single SELECT does not need.
        clock: The time of whatever a loan or a top-up is given; all else has real time.
        background: Writes under way. They go on when their caller was answered 202.
        verifying: Proving the ledger reads all of it, so operators take turns.
    """

    sessions: Sessions
    reads: Sessions
    commands: Commands
    wallet: WalletCommands
    ledger: LedgerCommands
    payments: PaymentCommands
    messages: MessageCommands
    decisions: DecisionCommands
    measures: ApiMeasures
    events: EventsHub
    ibans: EncryptedColumn
    iban_index: BlindIndex
    personal: PersonalData
    secrets: AccountSecrets
    codec: PayloadCodec
    codec_is_open: bool
    tokens: AccessTokens
    passwords: Passwords
    csrf: Csrf
    cookies: Cookies
    providers: IdentityProviders
    limits: RateLimits
    login_guard: LoginGuard
    webhooks: Webhooks
    fingerprint_key: bytes
    refresh_lifetime: timedelta
    session_lifetime: timedelta
    clock: LoanClock
    windows: Windows
    commission_bps: int
    withdrawal_minimum: Decimal
    frontend_url: str
    report_time_zone: str
    temporal_ui_url: str | None
    turns: Turns = field(default_factory=Turns)
    grace: Grace = field(default_factory=Grace)
    background: set[Task[Any]] = field(default_factory=set)
    verifying: Lock = field(default_factory=Lock)
    figures: Kept[Figures] = field(default_factory=Kept)


# FastAPI runs dependencies that are no coroutines in threads. It goes through each of a tree again
# wherever one asks for it, so those below ask for the request alone, and look here.
def _held(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


async def _services(request: Request) -> Services:
    return _held(request)


Held = Annotated[Services, Depends(_services)]


async def _read_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with _held(request).reads() as session:
        yield session


# "function" gives the connection back before the answer is sent, not after the client took it.
Session = Annotated[AsyncSession, Depends(_read_session, scope="function")]


@dataclass(frozen=True)
class Caller:
    id: UUID
    role: UserRole
    session_id: UUID
    token_expires_at: datetime

    @property
    def is_operator(self) -> bool:
        return self.role in {UserRole.OPERATOR, UserRole.ADMIN}

    def role_in(self, ticket: Ticket) -> Role | None:
        """Return as what the caller meets a ticket: a party before all else, None a stranger."""
        return ticket.role_of(self.id) or (Role.OPERATOR if self.is_operator else None)


# Both are declared for the OpenAPI document; whichever came is read in `_caller_or_none`.
_bearer = HTTPBearer(auto_error=False, scheme_name="bearer", bearerFormat="JWT")
_cookie = APIKeyCookie(
    name="__Host-at",
    auto_error=False,
    scheme_name="cookie",
    description=f"For browsers; unsafe methods also need the header {csrf.HEADER}.",
)


@takes_login
async def _identified(request: Request, session: Session) -> Caller | None:
    services = _held(request)
    header = request.headers.get("Authorization")
    token = services.cookies.access_of(request) if header is None else _bearer_token(header)
    if token is None:
        return None
    access, expires_at = services.tokens.read(token)
    # Asked anew each time, so that a logout holds at once; their limit is asked with it.
    traffic = Traffic.READ if request.method in csrf.SAFE_METHODS else Traffic.WRITE
    holder = await services.limits.holder_of(request, session, access, traffic)
    if holder is None or holder.id != access.user_id:
        raise NotAuthenticated("This login has ended.")
    cause.acted_by(holder.id)
    return Caller(holder.id, holder.role, access.session_id, expires_at)


# For what changes nothing although it is sent by POST: no CSRF token is asked for.
Identified = Annotated[Caller | None, Depends(_identified)]


async def _caller_or_none(request: Request, caller: Identified) -> Caller | None:
    by_cookie = "Authorization" not in request.headers
    if caller and by_cookie and request.method not in csrf.SAFE_METHODS:
        _held(request).csrf.check(request.headers.get(csrf.HEADER), caller.session_id)
    return caller


_Known = Annotated[Caller | None, Depends(_caller_or_none)]


async def _visitor(request: Request, caller: _Known) -> Caller | None:
    if caller is None:
        await _held(request).limits.count(request, Traffic.PUBLIC, client_of(request))
    return caller


def _bearer_token(header: str) -> str:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated("Authorization is `Bearer` and a token.")
    return token.strip()


@guards(Policy.SIGNED_IN)
async def _caller(
    caller: _Known,
    _header: Annotated[object, Security(_bearer)],
    _from_browser: Annotated[object, Security(_cookie)],
) -> Caller:
    if caller is None:
        raise NotAuthenticated("Log in first.")
    return caller


# For what anybody may see. Whoever is not logged in counts against their address.
MaybeCaller = Annotated[Caller | None, Depends(_visitor)]
CurrentUser = Annotated[Caller, Depends(_caller)]


@guards(Policy.OPERATOR)
async def _operator(caller: CurrentUser) -> Caller:
    if not caller.is_operator:
        raise Forbidden("This is for operators.")
    return caller


Operator = Annotated[Caller, Depends(_operator)]


@takes_login
async def _viewer(request: Request, session: Session) -> Caller | None:
    try:
        caller = await _identified(request, session)
    except NotAuthenticated:
        caller = None
    return await _visitor(request, caller)


# For pages, whose reader is shown where to log in: a login that has ended is none.
MaybeViewer = Annotated[Caller | None, Depends(_viewer)]


@guards(Policy.ADMIN)
async def _admin(caller: Operator) -> Caller:
    if caller.role is not UserRole.ADMIN:
        raise Forbidden("This is for administrators.")
    return caller


Admin = Annotated[Caller, Depends(_admin)]

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Names the request for ever: repeating it gives the first outcome again.",
    ),
]


async def _idempotency(
    request: Request, services: Held, session: Session, caller: CurrentUser, key: Key = None
) -> Idempotency:
    # The work may have to wait for the engine; the connection is for others meanwhile.
    await session.close()
    return await _of(request, services, caller.id, key)


async def _anonymous(request: Request, services: Held, key: Key = None) -> Idempotency:
    return await _of(request, services, ANONYMOUS, key)


async def _of(request: Request, services: Services, caller: UUID, key: str | None) -> Idempotency:
    name = RequestName(caller, request.method, request.url.path, key) if key else None
    return Idempotency(
        request=request,
        body=await request.body(),
        name=name,
        reads=services.reads,
        secret=services.fingerprint_key,
        background=services.background,
    )


Idempotent = Annotated[Idempotency, Depends(_idempotency)]
AnonymousIdempotent = Annotated[Idempotency, Depends(_anonymous)]
