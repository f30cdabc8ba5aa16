"""The steps that rules and dashboard name are steps that there are."""

import re
from typing import Final

import httpx
import pytest

from composition import steps
from metrics.calls import CallMeasures
from metrics.exposition import new_registry
from models.database import create_engine, sessions_of
from tests.composition.test_message_gateways import EVERY, read
from tests.observability.test_alerts import FOLDER

NAMED: Final = sorted(
    {
        alternative
        for file in ("alerts.yml", "dashboard.json")
        for pattern in re.findall(
            r'step(?:=|!=|=~|!~)\\?"([^"\\]+)\\?"', (FOLDER / file).read_text()
        )
        for alternative in pattern.split("|")
    }
)


def names() -> set[str]:
    """Return the names of all steps that a worker can take."""
    settings, http = read(**EVERY), httpx.AsyncClient()
    sessions = sessions_of(create_engine("postgresql://nobody@127.0.0.1/nothing", 1))
    called = CallMeasures(new_registry()).called

    async def running(_ids: object) -> set[str]:
        return set()

    taken = [
        *steps.money_steps(settings, sessions, http, running, called),
        *steps.message_steps(settings, sessions, http, called),
    ]
    return {step.__name__ for step in taken}


@pytest.mark.parametrize("named", NAMED)
def test_a_step_that_is_named_exists(named: str) -> None:
    assert any(re.fullmatch(named, name) for name in names())


def test_names_were_found() -> None:
    assert {"compare", "seal_ledger", ".+_at_gateway"} <= set(NAMED)
