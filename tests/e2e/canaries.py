"""Secrets that sing: values that must be found nowhere, and requests that carry them everywhere."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from api.openapi import document

CANARIES: Final = {
    "password": "Kanarienvogel-7391-password",
    "iban": "IR062960000000100324200001",
    "phone": "+989351234987",
    "card": "6219861034529007",
    "token": "Kanarienvogel-token-R3x0m5yZb1lQ8sUuQ0o4kq2m8v7c6b5a",
}
DOCUMENT: Final[Any] = json.loads(document())
_AMOUNTS: Final = {"amount", "claim", "to_lender", "to_borrower", "daily_fee", "deposit"}
# They would end the login of the rest; and a stream does not end.
_LEFT_OUT: Final = ("/logout/", "/logout-all/", "/events/")


@dataclass(frozen=True)
class Call:
    """One request with one canary in it."""

    method: str
    path: str
    body: Any = None
    query: dict[str, str] = field(default_factory=dict)


def calls() -> Iterator[Call]:
    """Put each canary into each text of each route: of the body, the query and the path."""
    for path, methods in DOCUMENT["paths"].items():
        if path.endswith(_LEFT_OUT):
            continue
        for method, operation in methods.items():
            for canary in CANARIES.values():
                yield from _with(canary, method.upper(), path, operation)


def _with(canary: str, method: str, path: str, operation: Any) -> Iterator[Call]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    example = _example(content)
    url = _filled(path)
    parameters = operation.get("parameters", [])
    for parameter in parameters:
        name, where = parameter["name"], parameter["in"]
        if where == "query":
            yield Call(method, url, example, {name: canary})
        elif where == "path":
            yield Call(method, _filled(path.replace(f"{{{name}}}", canary)), example)
    for text in _texts(content.get("schema", {})):
        if text in _AMOUNTS and canary.isdigit():
            continue  # how much is missing is told, and the number of a card is an amount
        yield Call(method, url, (example or {}) | {text: canary})
    if content:
        # Where there is no such field, too; and in the place of the whole.
        yield Call(method, url, (example or {}) | {"unknown": canary})
        yield Call(method, url, canary)


def _example(content: Any) -> Any:
    if "example" in content:
        return content["example"]
    examples = content.get("examples")
    if isinstance(examples, dict):
        return next(iter(examples.values()))["value"]
    return examples[0] if examples else None


def _filled(path: str) -> str:
    """Give a path ids that nothing has."""
    while "{" in path:
        before, _, rest = path.partition("{")
        path = before + "01980a5e-0000-7000-8000-000000000000" + rest.partition("}")[2]
    return path


def _texts(schema: Any) -> list[str]:
    """Name the fields of a body; a canary in a field of another type is refused, with an error."""
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for choice in schema.get("anyOf", ()):
        if "$ref" in choice:
            return _texts(choice)
    return list(schema.get("properties", {}))
