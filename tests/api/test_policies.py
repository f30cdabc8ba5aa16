"""Deny by default: a route that says nothing of who may call it keeps the API from starting."""

from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.applications import Starlette

from api import openapi
from api.app import create_app
from api.deps import Admin, CurrentUser, Held, Idempotent, MaybeCaller, Operator
from api.openapi import surface
from api.policy import Policy, UndeclaredRoute, check, everyone, own
from settings import Settings
from tests.api.test_openapi import operations


async def nothing() -> None: ...


async def forgotten(services: Held) -> None: ...


async def half_open(caller: MaybeCaller) -> None: ...


async def for_users(caller: CurrentUser) -> None: ...


async def by_what_it_asks_for(work: Idempotent) -> None: ...


async def for_operators(caller: Operator) -> None: ...


async def for_admins(caller: Admin, again: CurrentUser) -> None: ...


@everyone
async def for_everyone(caller: MaybeCaller) -> None: ...


@own
async def with_a_token(token: str) -> None: ...


@everyone
async def contradiction(caller: Operator) -> None: ...


def app_with(endpoint: Any) -> FastAPI:
    app = surface()
    app.add_api_route("/extra/", endpoint, methods=["POST"])
    return app


@pytest.mark.parametrize("endpoint", [nothing, forgotten, half_open])
def test_a_route_without_a_policy_is_named(endpoint: Any) -> None:
    with pytest.raises(UndeclaredRoute, match=rf"POST /extra/ \({endpoint.__name__}\) has no") as e:
        check(app_with(endpoint).routes)

    assert len(str(e.value).splitlines()) == 1  # all the others have one


def test_it_keeps_the_application_from_starting(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Module:
        router = APIRouter(prefix="/api/v1/new")

    Module.router.add_api_route("/thing/", forgotten, methods=["DELETE"])
    monkeypatch.setattr(openapi, "_ROUTES", (*openapi._ROUTES, Module))

    with pytest.raises(UndeclaredRoute, match=r"DELETE /api/v1/new/thing/ \(forgotten\)"):
        create_app(settings)


def test_a_route_that_is_open_and_guarded_is_refused() -> None:
    with pytest.raises(UndeclaredRoute, match="open and guarded at once"):
        check(app_with(contradiction).routes)


def test_a_mounted_application_needs_a_policy_too() -> None:
    app = surface()
    app.mount("/files", Starlette())

    with pytest.raises(UndeclaredRoute, match="Mount /files"):
        check(app.routes)


def test_a_websocket_needs_a_policy_too() -> None:
    app = surface()
    app.add_api_websocket_route("/socket", nothing)

    with pytest.raises(UndeclaredRoute, match="/socket"):
        check(app.routes)


@pytest.mark.parametrize(
    ("endpoint", "policy"),
    [
        (for_users, Policy.SIGNED_IN),
        (by_what_it_asks_for, Policy.SIGNED_IN),
        (for_operators, Policy.OPERATOR),
        (for_admins, Policy.ADMIN),
        (for_everyone, Policy.EVERYONE),
        (with_a_token, Policy.OWN),
    ],
)
def test_what_a_route_asks_for_is_its_policy(endpoint: Any, policy: Policy) -> None:
    app = app_with(endpoint)

    check(app.routes)

    operation = app.openapi()["paths"]["/extra/"]["post"]
    assert operation["x-policy"] == policy


def test_a_guard_of_a_whole_router_counts() -> None:
    app = surface()
    router = APIRouter(dependencies=[Depends(for_everyone_but_users)])
    router.add_api_route("/extra/", nothing)
    app.include_router(router)

    check(app.routes)


async def for_everyone_but_users(caller: Operator) -> None: ...


def test_the_document_says_who_may_call_and_how() -> None:
    said = {path: operation for _, path, operation in operations()}
    login: list[dict[str, list[str]]] = [{"bearer": []}, {"cookie": []}]

    assert all("x-policy" in operation for _, _, operation in operations())
    assert said["/healthz"]["security"] == []
    assert said["/api/v1/assets/{asset_id}/availability/"]["security"] == [{}, *login]
    assert said["/api/v1/wallet/"]["security"] == login
    assert said["/api/v1/ops/audit/"]["x-policy"] == "operator"
    assert said["/api/v1/auth/refresh/"]["x-policy"] == "own"
