"""Phone numbers: how people write them, and the one form in which they are kept (E.164)."""

import re
from typing import Final

from domain.digits import compact

_IRANIAN_MOBILE: Final = re.compile(r"(?:\+98|0098|98|0)?(9[0-9]{9})")
_ELSEWHERE: Final = re.compile(r"\+(?!98)[1-9][0-9]{7,14}")
# The same for who reads the API's document; separators and Persian digits are taken besides.
PATTERN: Final = f"^({_IRANIAN_MOBILE.pattern}|{_ELSEWHERE.pattern})$"


def parse_phone(value: object) -> str:
    """Read an Iranian mobile number as people write it, or any other in the form of E.164.

    Returns:
        ``+``, the country's code and the number, such as ``+989121234567``.

    Raises:
        ValueError: It cannot be one. The message does not repeat it.
    """
    if not isinstance(value, str):
        raise ValueError("A phone number is a string.")
    text = compact(value).replace("(", "").replace(")", "")
    if mobile := _IRANIAN_MOBILE.fullmatch(text):
        return f"+98{mobile[1]}"
    if _ELSEWHERE.fullmatch(text):
        return text
    raise ValueError(
        "A phone number is an Iranian mobile number such as 09121234567, or begins with + and the "
        "code of another country."
    )
