"""The secrets of one sandbox: made at its first start, kept in its home, shown to nobody else."""

import base64
import json
import secrets
import uuid
from dataclasses import asdict, dataclass, field, fields
from typing import Self

from sandbox.errors import SandboxError
from sandbox.home import Home, write_private


def _token() -> str:
    return secrets.token_urlsafe(32)


def _password() -> str:
    # Of letters, digits, - and _ only, so it can stand in a URL as it is.
    return secrets.token_urlsafe(18)


def _key() -> str:
    return f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}"


@dataclass(frozen=True)
class Secrets:
    secret_key: str = field(default_factory=_token)
    jwt_secret: str = field(default_factory=_token)
    encryption_keys: str = field(default_factory=_key)
    index_key: str = field(default_factory=_token)
    webhook_secret: str = field(default_factory=_token)
    superuser_password: str = field(default_factory=_password)
    application_password: str = field(default_factory=_password)
    merchant_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    operator_password: str = field(default_factory=_password)
    admin_password: str = field(default_factory=_password)

    @classmethod
    def kept_in(cls, home: Home) -> Self:
        """Return the secrets of `home`; those it does not have yet are made and kept."""
        if home.postgres.exists() and not home.secrets.exists():
            raise SandboxError(
                f"{home.secrets} is gone, and with it the password of the database in "
                f"{home.postgres}. Put it back, or remove {home.path} and start afresh."
            )
        kept = json.loads(home.secrets.read_text()) if home.secrets.exists() else {}
        known = {one.name for one in fields(cls)}
        complete = cls(**{name: kept[name] for name in known & set(kept)})
        if asdict(complete) != kept:
            write_private(home.secrets, json.dumps(kept | asdict(complete), indent=2) + "\n")
        return complete
