from pathlib import Path

import httpx
import pytest

from composition import message_gateways
from domain.messages.notice import Channel
from sandbox import environment
from sandbox.addresses import Addresses
from sandbox.home import Home
from sandbox.ports import Ports
from sandbox.program import MACHINE
from sandbox.secrets import Secrets
from settings import Settings


@pytest.fixture
def at(tmp_path: Path) -> Addresses:
    return Addresses(Ports(), Secrets.kept_in(Home.at(tmp_path)))


def test_it_is_all_that_the_settings_need(
    at: Addresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in environment.migrations(at).items():
        monkeypatch.setenv(name, value)

    settings = Settings()

    assert settings.debug
    assert settings.keyring()["k1"]
    assert settings.zarinpal_callback_url == "http://127.0.0.1:8000/api/v1/payments/verify/"
    assert settings.reconcile_interval.total_seconds() == 20


def test_every_channel_is_carried_to_the_simulator_whoever_is_chosen(
    at: Addresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in environment.application(at).items():
        monkeypatch.setenv(name, value)
    hosts = {
        getattr(Settings(), name) for name in Settings.model_fields if name.endswith("_base_url")
    }
    assert hosts == {at.gateway}

    assert set(message_gateways.chosen(Settings(), httpx.AsyncClient())) == set(Channel)
    for channel, other in (("EMAIL", "sendgrid"), ("SMS", "twilio"), ("WHATSAPP", "twilio")):
        monkeypatch.setenv(f"{channel}_PROVIDER", other)
    found = message_gateways.chosen(Settings(), httpx.AsyncClient())
    assert {one.name for one in found.values()} == {"sendgrid", "twilio"}
    assert set(found) == set(Channel)


def test_every_variable_is_one_of_the_settings(at: Addresses) -> None:
    ours = set(environment.migrations(at)) - set(MACHINE) - set(environment.python())
    known = {name.upper() for name in Settings.model_fields}

    assert ours <= known
    assert set(environment.TUNABLE) <= known


def test_of_the_shell_only_the_rules_of_a_loan_are_passed_on(
    at: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(name.upper(), "of the shell")

    from_shell = {
        name for name, value in environment.migrations(at).items() if value == "of the shell"
    }

    assert from_shell == set(environment.TUNABLE)


def test_only_the_api_is_told_what_time_it_is_for_loans(at: Addresses, tmp_path: Path) -> None:
    told = environment.api(Home.at(tmp_path), at)

    assert set(told) - set(environment.application(at)) == {"LOAN_CLOCK"}
    assert told["LOAN_CLOCK"] == str(Home.at(tmp_path).loan_clock)


def test_the_owner_of_the_tables_is_known_to_the_migrations_only(at: Addresses) -> None:
    assert "MIGRATION_DATABASE_URL" not in environment.application(at)
    assert at.secrets.superuser_password not in str(environment.application(at))
