"""Keeping texts of two directions apart: Latin names inside Persian, Persian inside English."""

import unicodedata
from typing import Final

# What stands between these two keeps its own direction (UAX #9); a page has an element for it.
APART: Final = "\u2068"
TOGETHER: Final = "\u2069"
_JOINERS: Final = "\u200c\u200d"  # invisible, and parts of Persian words
_PLAIN: Final = {ord(APART): None, ord(TOGETHER): None}


def apart(text: str) -> str:
    return f"{APART}{text}{TOGETHER}"


def plain(text: str) -> str:
    """Return a text without what keeps directions apart."""
    return text.translate(_PLAIN)


def is_leftward(text: str) -> bool:
    """Tell whether something in a text is read from right to left."""
    return any(unicodedata.bidirectional(sign) in {"R", "AL"} for sign in text)


def harmless(text: str, longest: int) -> str:
    """Return what somebody wrote as one line, not too long, without signs that steer directions."""
    words = " ".join(text.split())
    seen = "".join(
        sign for sign in words if sign in _JOINERS or not unicodedata.category(sign).startswith("C")
    )
    return seen if len(seen) <= longest else f"{seen[: longest - 1].rstrip()}…"
