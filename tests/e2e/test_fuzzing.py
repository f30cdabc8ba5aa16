"""Whatever is sent to any route is answered as docs/openapi.json says, and never by a 5xx."""

import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.api.people import Person, join
from tests.e2e.dev import Dev

# It changes what it can reach, so it has a sandbox of its own, beside the one of this room.
pytestmark = [pytest.mark.xdist_group("fuzzing"), pytest.mark.timeout(1800)]
PROGRAM: Final = Path(sys.executable).parent / "schemathesis"
# They would end the login that the rest of the run is made with; a stream does not end at all.
LEFT_OUT: Final = r"/(logout|logout-all)/$|^/api/v1/events/$|/tickets/\{ticket_id\}/events/$"
# What is refused for its number is not looked at.
MANY: Final = dict.fromkeys(("LIMIT_WRITE", "LIMIT_CODE", "LIMIT_RESET_ACCOUNT"), "60000/minute")
CONFIGURATION: Final = """
# Rules that a schema cannot say are refused by 422 and 409; the gateway may refuse as well.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "413", "422", "429", "502", "503"]

[parameters]
"""


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    dev = Dev(tmp_path_factory.mktemp("fuzzing") / "home", MANY)
    dev.start()
    yield dev
    assert dev.stop() == 0


@pytest.fixture
async def http(dev: Dev) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=dev.info.api, timeout=30, trust_env=False) as http:
        yield http


async def a_loan(lender: Person, borrower: Person) -> dict[str, str]:
    """Return the ids of what is there to be asked for."""
    asset = await lender.lists()
    ticket = await borrower.post("/tickets/", {"asset_id": asset["id"], "days": 3})
    payment = await borrower.post("/payments/initiate/", {"amount": 10_000})
    return {"asset_id": asset["id"], "ticket_id": ticket["id"], "payment_id": payment["id"]}


async def operator_token(http: httpx.AsyncClient, dev: Dev) -> str:
    account = dev.info.operator
    credentials = {"email": account.email, "password": account.password}
    answer = await http.post("/api/v1/auth/token/", json=credentials)
    token: str = answer.raise_for_status().json()["access_token"]
    return token


@pytest.mark.parametrize(
    "caller",
    [
        "operator",
        pytest.param("borrower", marks=pytest.mark.long),
        pytest.param("anonymous", marks=pytest.mark.long),
    ],
)
async def test_every_answer_is_one_that_the_document_names(
    dev: Dev, http: httpx.AsyncClient, tmp_path: Path, caller: str
) -> None:
    lender, borrower = await join(http), await join(http)
    tokens = {"borrower": borrower.token, "operator": await operator_token(http, dev)}
    configuration = tmp_path / "schemathesis.toml"
    known = await a_loan(lender, borrower)
    lines = [f'"path.{name}" = "{value}"\n' for name, value in known.items()]
    configuration.write_text(CONFIGURATION + "".join(lines))
    assert tomllib.loads(configuration.read_text())["parameters"]

    fuzzed = fuzz(dev, configuration, tokens.get(caller))

    assert fuzzed.returncode == 0, fuzzed.stdout


def fuzz(dev: Dev, configuration: Path, token: str | None) -> subprocess.CompletedProcess[str]:
    login = ("--header", f"Authorization: Bearer {token}") if token else ()
    return subprocess.run(
        [
            str(PROGRAM), "--config-file", str(configuration),
            "run", f"{dev.info.api}/openapi.json", *login,
            "--checks", "all", "--phases", "examples,coverage", "--seed", "7",
            "--exclude-path-regex", LEFT_OUT, "--continue-on-failure", "--no-color",
        ],
        cwd=configuration.parent,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
