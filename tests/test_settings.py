"""Settings refuse what cannot work, and never show a secret; the files that feed them keep up."""

import base64
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from settings import Settings, table

ROOT = Path(__file__).parent.parent
FIELDS = {name.upper(): field for name, field in Settings.model_fields.items()}
REQUIRED = {name for name, field in FIELDS.items() if field.is_required()}
# Compose brings its own Temporal, without TLS, and opens nothing that only a sandbox may open.
NOT_FOR_COMPOSE = {
    "TEMPORAL_API_KEY",
    "TEMPORAL_TLS",
    "TEMPORAL_TLS_SERVER_CA",
    "TEMPORAL_TLS_CERT",
    "TEMPORAL_TLS_KEY",
    "CODEC_OPEN_TO_LOOPBACK",
    "LOAN_CLOCK",
    "CRASH_AT",
}

KEY = base64.b64encode(bytes(range(32))).decode()
GIVEN = {
    "SECRET_KEY": "hidden-signing-secret-of-enough-characters",
    "JWT_SECRET": "hidden-token-secret-of-enough-characters",
    "ENCRYPTION_KEYS": f"k1:{KEY}",
    "INDEX_KEY": "hidden-index-key-of-enough-characters",
    "DATABASE_URL": "postgresql://assets:hidden@localhost/assets",
    "ZARINPAL_MERCHANT_ID": "hidden00-0000-4000-8000-000000000000",
    "ZARINPAL_CALLBACK_URL": "https://api.example.com/api/v1/payments/verify/",
}

GOOGLE = {
    "API_URL": "https://api.example.com",
    "GOOGLE_CLIENT_ID": "id",
    "GOOGLE_CLIENT_SECRET": "hidden",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and nothing in the environment but what is required."""
    for name in FIELDS:
        monkeypatch.delenv(name, raising=False)
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_what_is_required_has_no_default(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(name)

    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_the_first_key_is_for_new_data(monkeypatch: pytest.MonkeyPatch) -> None:
    older = base64.b64encode(bytes(range(32, 64))).decode()
    monkeypatch.setenv("ENCRYPTION_KEYS", f"k2:{KEY}, k1:{older}")

    assert list(Settings().keyring().items()) == [
        ("k2", bytes(range(32))),
        ("k1", bytes(range(32, 64))),
    ]


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ("", "id:base64"),
        (KEY, "id:base64"),
        ("k1:not base64!", "id:base64"),
        (f"k1:{KEY},", "id:base64"),
        ("k1:c2hvcnQ=", "32 bytes"),
        (f"k1:{KEY},k2:c2hvcnQ=", "32 bytes"),
    ],
)
def test_a_key_that_cannot_encrypt_is_refused_at_the_start(
    keys: str, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENCRYPTION_KEYS", keys)

    with pytest.raises(ValidationError, match=complaint):
        Settings()


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("api.example.com", ("api.example.com",)),
        ("api.example.com, *.example.org,", ("api.example.com", "*.example.org")),
    ],
)
def test_hosts_are_written_with_commas(
    text: str, hosts: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", text)

    assert Settings().allowed_hosts == hosts


def test_earlier_secrets_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().previous_jwt_secrets() == ()
    earlier = GIVEN["JWT_SECRET"] + "-1", GIVEN["JWT_SECRET"] + "-2"
    monkeypatch.setenv("JWT_PREVIOUS_SECRETS", f"{earlier[0]}, {earlier[1]},")

    assert Settings().previous_jwt_secrets() == earlier


def test_an_earlier_secret_is_as_long_as_any(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_PREVIOUS_SECRETS", f"{'a' * 32},hidden-{'b' * 20}")

    with pytest.raises(ValidationError, match="JWT_PREVIOUS_SECRETS has 32") as error:
        Settings()

    assert "hidden" not in str(error.value)


def test_no_secret_is_shown() -> None:
    shown = repr(Settings()) + str(Settings().model_dump())

    assert "hidden" not in shown
    assert KEY not in shown


@pytest.mark.parametrize("broken", ["SECRET_KEY", "ENCRYPTION_KEYS", "COMMISSION_BPS"])
def test_an_error_names_the_setting_and_no_secret(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(broken, "hidden")

    with pytest.raises(ValidationError) as error:
        Settings()

    assert broken in str(error.value).upper()
    assert "hidden" not in str(error.value)


@pytest.mark.parametrize("debug", ["", "false", "0"])
def test_outside_of_a_sandbox_the_time_of_loans_is_real(
    debug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOAN_CLOCK", "/srv/loan-clock")
    if debug:
        monkeypatch.setenv("DEBUG", debug)

    with pytest.raises(ValidationError, match="LOAN_CLOCK is for a sandbox"):
        Settings()


@pytest.mark.parametrize("name", ["TEMPORAL_TLS_CERT", "TEMPORAL_TLS_KEY"])
def test_a_certificate_and_its_key_come_together(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "file.pem").touch()
    monkeypatch.setenv(name, "file.pem")

    with pytest.raises(ValidationError, match="TEMPORAL_TLS_CERT needs TEMPORAL_TLS_KEY"):
        Settings()


@pytest.mark.parametrize("name", ["CERT", "KEY", "SERVER_CA"])
def test_a_file_that_is_not_there_is_named_by_its_setting(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"TEMPORAL_TLS_{name}", "/nowhere/file.pem")

    with pytest.raises(ValidationError, match=f"(?i)temporal_tls_{name}"):
        Settings()


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"GOOGLE_CLIENT_ID": "id"}, "GOOGLE_CLIENT_ID needs GOOGLE_CLIENT_SECRET"),
        ({"GITHUB_CLIENT_SECRET": "hidden"}, "GITHUB_CLIENT_ID needs GITHUB_CLIENT_SECRET"),
        ({"AUTH0_CLIENT_ID": "id", "AUTH0_CLIENT_SECRET": "hidden"}, "needs AUTH0_DOMAIN"),
        ({"GOOGLE_ISSUER": "http://provider.example"}, "need https"),
        ({"API_URL": "http://api.example.com"}, "https"),
    ],
)
def test_a_provider_that_cannot_log_anybody_in_is_refused_at_the_start(
    given: dict[str, str], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {} if any("CLIENT" in name for name in given) else GOOGLE
    for name, value in {**whole, **given}.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError, match=complaint) as error:
        Settings()

    assert "hidden" not in str(error.value)


def test_providers_are_offered_by_their_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().registrations() == ()
    auth0 = {
        "AUTH0_CLIENT_ID": "id",
        "AUTH0_CLIENT_SECRET": "hidden",
        "AUTH0_DOMAIN": "x.auth0.com",
    }
    for name, value in {**GOOGLE, **auth0, "GITHUB_CLIENT_ID": ""}.items():
        monkeypatch.setenv(name, value)

    found = {one.provider.value: one.issuer for one in Settings().registrations()}

    assert found == {"google": "https://accounts.google.com", "auth0": "https://x.auth0.com/"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REPORT_TIME_ZONE", "Tehran"),
        ("REPORT_TIME_ZONE", "/etc/passwd"),
        ("NIGHTLY_REPORT", "25:00"),
        ("NIGHTLY_REPORT", "00:15:30"),
    ],
)
def test_a_night_that_never_comes_is_refused_at_the_start(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError, match=f"(?i){name}"):
        Settings()


@pytest.mark.parametrize(
    "address", ["9464", "localhost:9464", "127.0.0.1", "http://127.0.0.1:9464"]
)
def test_where_figures_are_shown_is_an_address_and_a_port(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICS_SDK_ADDRESS", address)

    with pytest.raises(ValidationError, match=r"(?i)metrics_sdk_address.*\n.*0\.0\.0\.0:9464"):
        Settings()

    monkeypatch.setenv("METRICS_SDK_ADDRESS", "[::1]:9465")
    assert Settings().metrics_sdk_address == "[::1]:9465"


def test_the_example_names_every_setting_and_nothing_else() -> None:
    for_compose_alone = interpolated() - set(FIELDS)

    assert set(example()) == set(FIELDS) | for_compose_alone
    assert for_compose_alone


@pytest.mark.parametrize("name", FIELDS)
def test_the_example_describes_a_setting_as_the_code_does(name: str) -> None:
    comment, active, value = example()[name]

    assert str(FIELDS[name].description) in comment
    assert active == (name in REQUIRED)
    assert not (active and value)


def test_the_example_shows_the_defaults(folder: Path) -> None:
    shown = {name: value for name, (_, active, value) in example().items() if not active and value}
    defaults = Settings()
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in shown.items()))

    assert Settings() == defaults
    assert {name for name in FIELDS if name not in REQUIRED | set(shown)} == {
        name for name, field in FIELDS.items() if field.default is None
    }


def test_the_table_in_the_documents_is_made_of_the_example() -> None:
    assert table.TABLE.read_text() == table.document(), "run ./assets settings"
    assert set(re.findall(r"^\| `([A-Z0-9_]+)` ", table.document(), re.MULTILINE)) == set(example())


def test_compose_hands_every_setting_over() -> None:
    named = set(re.findall(r"^ +([A-Z0-9_]+):", compose(), re.MULTILINE))

    assert set(FIELDS) - named == NOT_FOR_COMPOSE


def example() -> dict[str, tuple[str, bool, str]]:
    """Return, by name: the comment above it, whether it is filled in by hand, and its value."""
    found: dict[str, tuple[str, bool, str]] = {}
    comment = ""
    for line in (ROOT / ".env.example").read_text().splitlines():
        if setting := re.fullmatch(r"(# )?([A-Z][A-Z0-9_]+)=(.*)", line):
            found[setting[2]] = (comment, setting[1] is None, setting[3])
        comment = f"{comment}\n{line}" if line.startswith("#") and not setting else ""
    return found


def interpolated() -> set[str]:
    return set(re.findall(r"\$\{([A-Z0-9_]+)", compose()))


def compose() -> str:
    return (ROOT / "docker-compose.yml").read_text()
