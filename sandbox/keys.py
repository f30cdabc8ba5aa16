"""The keys of a sandbox: which it has, and a new one at the head of them."""

import json
from pathlib import Path
from typing import NamedTuple

from models.reencryption import new_key
from sandbox import dev_json
from sandbox.errors import SandboxError
from sandbox.home import Home, write_private
from sandbox.secrets import Secrets
from settings.forms import keyring
from settings.temporal import TemporalAccess


class SandboxKeys(NamedTuple):
    """As the settings have them."""

    database_url: str
    encryption_keys: str
    index_key: str


def of_running(folder: Path) -> SandboxKeys:
    """Return the keys of a sandbox that runs, and where its database is.

    Raises:
        SandboxError: None runs there.
    """
    dev = dev_json.read(folder)
    kept = Secrets.kept_in(Home.at(folder))
    return SandboxKeys(dev.database_url, kept.encryption_keys, kept.index_key)


def engine_of_running(folder: Path) -> TemporalAccess:
    """Return how to reach the engine of a sandbox that runs, with the keys to what is in it.

    Raises:
        SandboxError: None runs there.
    """
    dev = dev_json.read(folder)
    return {
        "address": dev.temporal_address,
        "namespace": dev.temporal_namespace,
        "keys": keyring(Secrets.kept_in(Home.at(folder)).encryption_keys),
        "api_key": None,
        "tls": False,
    }


def rotate(folder: Path) -> str:
    """Put a new key at the head of a sandbox's keys; return its id.

    Raises:
        SandboxError: There is none, or it runs: the keys of its processes would not be the file's.
    """
    home = Home.at(folder)
    if not home.secrets.exists():
        raise SandboxError(f"There is no sandbox in {home.path}.")
    if home.in_use():
        raise SandboxError(f"A sandbox runs in {home.path}. Stop it, and begin again.")
    with home.lock():
        kept = json.loads(home.secrets.read_text())
        new = new_key(keyring(kept["encryption_keys"]))
        kept["encryption_keys"] = f"{new},{kept['encryption_keys']}"
        write_private(home.secrets, json.dumps(kept, indent=2) + "\n")
    return new.partition(":")[0]
