import json
import stat
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.home import Home
from sandbox.secrets import Secrets


def test_secrets_are_made_once_and_kept_private(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    first = Secrets.kept_in(home)

    assert Secrets.kept_in(home) == first
    assert stat.S_IMODE(home.secrets.stat().st_mode) == 0o600


def test_two_homes_share_no_secret(tmp_path: Path) -> None:
    homes = [Home.at(tmp_path / name) for name in ("one", "two")]
    for home in homes:
        home.make()
    one, two = (set(vars(Secrets.kept_in(home)).values()) for home in homes)

    assert len(one) == 10
    assert not one & two


def test_a_secret_that_a_new_version_needs_is_added(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    first = Secrets.kept_in(home)
    kept = json.loads(home.secrets.read_text())
    del kept["admin_password"]
    home.secrets.write_text(json.dumps(kept | {"of_another_version": "kept"}))

    second = Secrets.kept_in(home)

    assert second.superuser_password == first.superuser_password
    assert second.admin_password not in ("", first.admin_password)
    assert json.loads(home.secrets.read_text())["of_another_version"] == "kept"


def test_a_database_without_its_password_is_not_touched(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    home.postgres.mkdir()

    with pytest.raises(SandboxError, match=r"secrets\.json is gone"):
        Secrets.kept_in(home)
