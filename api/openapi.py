"""The public surface: which routes there are, and the document that describes them.

`./assets openapi` writes it to docs/openapi.json, against which a test compares.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

from api import policy
from api.policy import Access
from api.problems import handle_with_problems
from api.refusals import PROBLEM_SCHEMA, examples, invalid_response
from api.routes import (
    assets,
    auth,
    callback,
    codec,
    dashboard,
    disputes,
    docs,
    email_verification,
    events,
    extensions,
    health,
    identities,
    metrics,
    notifications,
    oauth,
    ops_attention,
    ops_audit,
    ops_findings,
    ops_ledger,
    ops_messages,
    ops_payments,
    ops_reversals,
    ops_tickets,
    ops_users,
    ops_withdrawals,
    password_reset,
    passwords,
    payments,
    phone,
    previews,
    reports,
    sessions,
    tickets,
    transfers,
    wallet,
    webhooks,
    withdrawals,
)
from api.schemas.common import Problem

SNAPSHOT: Final = Path(__file__).parent.parent / "docs" / "openapi.json"
_DESCRIPTION: Final = """
Lending between people: an owner lists an asset, a borrower asks for it with a **ticket**, fee and
deposit wait in escrow, and when the loan ends the fee goes to the lender and the deposit back.

Amounts are decimal strings in rials, times RFC 3339 in UTC, errors `application/problem+json`
with a `code` that never changes. Name a POST or PATCH with `Idempotency-Key` and it can be
repeated safely. Every path ends in a slash.
"""
_TAGS: Final = [
    {"name": "auth", "description": "Accounts and logins, by cookie or bearer token."},
    {"name": "assets", "description": "What people lend."},
    {"name": "tickets", "description": "Requests to borrow, and the loans they become."},
    {"name": "events", "description": "What happens, told as it happens."},
    {"name": "wallet", "description": "A user's money and how it moved."},
    {"name": "payments", "description": "Top-ups through the payment gateway."},
    {"name": "notifications", "description": "What one is told, and how one wants it."},
    {"name": "reports", "description": "How the platform does, and one's own figures."},
    {"name": "operators", "description": "Decisions about money, and the proofs of it."},
    {"name": "webhooks", "description": "Where providers of messages report on them."},
    {"name": "operations", "description": "Health, and the codec of the Temporal UI."},
]

# A request is held against them in this order, so what is read most comes first. The reference
# shows them in the order of their tags.
_ROUTES: Final = (
    tickets,
    assets,
    ops_tickets,
    auth,
    sessions,
    passwords,
    oauth,
    identities,
    email_verification,
    password_reset,
    phone,
    extensions,
    disputes,
    previews,
    events,
    wallet,
    transfers,
    withdrawals,
    callback,
    payments,
    notifications,
    ops_ledger,
    ops_reversals,
    ops_withdrawals,
    ops_payments,
    ops_findings,
    ops_attention,
    ops_messages,
    ops_users,
    ops_audit,
    reports,
    webhooks,
    health,
    metrics,
    codec,
    dashboard,
    docs,
)

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def surface(lifespan: Lifespan | None = None) -> FastAPI:
    """Make the application without what it stands on; `lifespan` brings that."""
    app = FastAPI(
        title="Assets",
        version="1",
        description=_DESCRIPTION.strip(),
        openapi_tags=_TAGS,
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        # The function's name is the operation's id, so a generated client reads like the code.
        generate_unique_id_function=lambda route: route.name,
    )
    for routes in _ROUTES:
        app.include_router(routes.router)
    handle_with_problems(app)
    generated = app.openapi
    completed: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not completed:
            completed.update(_complete(generated()))
            _say_who_may_call(completed, policy.by_operation(app.routes))
        return completed

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app


def _complete(document: dict[str, Any]) -> dict[str, Any]:
    """Add the problem's schema, say what 422 really looks like, and show an example per body."""
    schemas = document["components"]["schemas"]
    schemas[PROBLEM_SCHEMA] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= schemas[PROBLEM_SCHEMA].pop("$defs", {})
    document["components"]["examples"] = examples()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for operation in _operations(document):
        if "HTTPValidationError" in json.dumps(operation["responses"].get("422", {})):
            operation["responses"]["422"] = invalid_response()
        for content in _contents(operation):
            if "anyOf" in content.get("schema", {}):
                # Whatever is not JSON is a string to the framework; an event's data is an object.
                content["schema"].pop("type", None)
            _show_example(content, schemas)
    return document


def _say_who_may_call(document: dict[str, Any], by_operation: Mapping[str, Access]) -> None:
    schemes: Iterable[str] = document["components"]["securitySchemes"]
    optional: list[dict[str, list[str]]] = [{}]
    optional += [{name: []} for name in schemes]
    for operation in _operations(document):
        access = by_operation[operation["operationId"]]
        operation["x-policy"] = access.policy.value
        operation.setdefault("security", list(optional) if access.takes_login else [])


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def _contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for body in bodies:
        yield from body.get("content", {}).values()


def _show_example(content: dict[str, Any], schemas: dict[str, Any]) -> None:
    if "example" in content or "examples" in content:
        return
    example = _example_of(content.get("schema", {}), schemas)
    if example is not None:
        content["example"] = example


def _example_of(schema: dict[str, Any], schemas: dict[str, Any]) -> object | None:
    if "$ref" in schema:
        return _example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "examples" in schema:
        return schema["examples"][0]  # type: ignore[no-any-return]
    if "anyOf" in schema:
        return _example_of(schema["anyOf"][0], schemas)
    items = schema.get("properties", {}).get("items")
    if items is not None:
        return {"items": [_example_of(items["items"], schemas)], "next": None}
    return None


def document() -> str:
    return json.dumps(surface().openapi(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
