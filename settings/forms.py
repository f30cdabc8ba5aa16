"""How settings are written that are more than a text or a number."""

import base64
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from domain.limits import Rate

Names = Annotated[tuple[str, ...], NoDecode]  # written with commas, not as JSON


def _rate(value: object) -> object:
    return Rate.parse(value) if isinstance(value, str) else value


Limit = Annotated[Rate, NoDecode, BeforeValidator(_rate)]  # written 30/minute


def keyring(text: str) -> dict[str, bytes]:
    """Read ENCRYPTION_KEYS.

    Raises:
        ValueError: These are no keys.
    """
    pairs = (pair.split(":", 1) for pair in text.split(","))
    try:
        keys = {name.strip(): base64.b64decode(key, validate=True) for name, key in pairs}
    except ValueError as error:
        raise ValueError("ENCRYPTION_KEYS is `id:base64`, comma-separated") from error
    if any(len(key) != 32 for key in keys.values()):
        raise ValueError("each key in ENCRYPTION_KEYS is 32 bytes in base64")
    return keys
