"""Numbers as people write and copy them: Persian and Arabic digits, spaces, hyphens, marks."""

import re
from typing import Final

# What comes along when a number is copied from a page, right-to-left marks included.
_SEPARATORS: Final = re.compile(r"[\s\-\u2010-\u2015\u2212\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
_LATIN: Final = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")


def compact(text: str) -> str:
    """Return a number without what separates its digits, and with Latin ones."""
    return _SEPARATORS.sub("", text).translate(_LATIN)
