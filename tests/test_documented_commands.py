"""Every command that a document names can be typed, and every one that can be typed is named."""

from typing import Any

import pytest
import typer
from typer.exceptions import TyperException

import cli
from tests.documents import SPAN, Document, arguments, documents

PROGRAM: Any = typer.main.get_command(cli.app)


@pytest.mark.parametrize("document", documents(), ids=lambda each: each.name)
def test_the_commands_of_a_document_exist_with_the_arguments_it_gives_them(
    document: Document, pytestconfig: pytest.Config
) -> None:
    wrong = {" ".join(words): complaint(words, pytestconfig) for words in commands_of(document)}

    assert not {command: said for command, said in wrong.items() if said}


def test_every_command_is_named_in_some_document() -> None:
    named = {path_of(words) for document in documents() for words in commands_of(document)}

    assert set(leaves(PROGRAM)) - named == set()


@pytest.mark.parametrize(
    "mistake",
    ["nonsense", "keys nonsense", "dev --port 1", "bench loan", "create-admin --email", "demo it"],
)
def test_a_command_that_cannot_be_typed_is_found(mistake: str, pytestconfig: pytest.Config) -> None:
    assert complaint(mistake.split(), pytestconfig)


def test_an_option_that_pytest_does_not_have_is_found(pytestconfig: pytest.Config) -> None:
    assert complaint(["test", "--recorded"], pytestconfig)
    assert not complaint(["test", "tests/workflows", "--record"], pytestconfig)


def commands_of(document: Document) -> list[list[str]]:
    """Return the commands that it names, those without the program's name with them."""
    bare = [span for span in SPAN.findall(document.prose) if is_bare(span)]
    return [*document.commands(), *map(arguments, bare)]


def is_bare(span: str) -> bool:
    """Tell whether it can be nothing but a command: `keys rotate`, `restore --replace`."""
    command, rest = found(span.split())
    depth = len(span.split()) - len(rest)
    return not hasattr(command, "commands") and (depth > 1 or " --" in span)


def complaint(words: list[str], pytestconfig: pytest.Config) -> str | None:
    """Have the program's own parser read a command; return what it says against it."""
    command, rest = found(words)
    if hasattr(command, "commands"):
        return f"no such command: {rest[0]}" if rest and not rest[0].startswith("-") else None
    if not rest:
        return None  # it is only mentioned
    try:
        context = command.make_context(command.name, list(rest))
    except TyperException as error:
        return str(error)
    for option in (word for word in context.args if word.startswith("-")):
        try:
            pytestconfig.getoption(option.partition("=")[0])
        except ValueError as error:
            return str(error)
    return None


def found(words: list[str]) -> tuple[Any, list[str]]:
    """Follow the names of commands as far as they go."""
    command, rest = PROGRAM, list(words)
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest.pop(0)]
    return command, rest


def path_of(words: list[str]) -> str:
    _, rest = found(words)
    return " ".join(words[: len(words) - len(rest)])


def leaves(command: Any, path: str = "") -> list[str]:
    inner = getattr(command, "commands", None)
    if inner is None:
        return [path]
    return [leaf for name, each in inner.items() for leaf in leaves(each, f"{path} {name}".strip())]
