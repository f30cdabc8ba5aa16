"""Iranian bank account numbers (Sheba): how people write them, and whether one can be right."""

import re
from typing import Final

from domain.digits import compact

_COUNTRY: Final = "IR"
_DIGITS: Final = 24
_IR_IN_DIGITS: Final = "1827"  # the standard counts letters from A = 10
_MASK: Final = "IR** **** ... "


def parse_iban(value: object) -> str:
    """Read an Iranian IBAN as people write it, in Latin, Persian or Arabic digits.

    Returns:
        ``IR`` and 24 digits.

    Raises:
        ValueError: It cannot be one. The message says why, and does not repeat it.
    """
    if not isinstance(value, str):
        raise ValueError("An IBAN is a string.")
    text = compact(value).upper()
    country, digits = text[:2], text[2:]
    if country != _COUNTRY:
        raise ValueError("An Iranian IBAN begins with IR.")
    if not re.fullmatch("[0-9]*", digits):
        raise ValueError("An Iranian IBAN has only digits after IR.")
    if len(digits) != _DIGITS:
        raise ValueError(f"An Iranian IBAN has {_DIGITS} digits after IR, not {len(digits)}.")
    if digits[:2] != _check_digits(digits[2:]):
        raise ValueError("The check digits of this IBAN do not fit: one of its digits is wrong.")
    return text


def _check_digits(account: str) -> str:
    return f"{98 - int(f'{account}{_IR_IN_DIGITS}00') % 97:02}"


def ending(iban: str) -> str:
    """Return the four digits by which people recognise an account."""
    return iban[-4:]


def masked(iban_end: str) -> str:
    """Show an IBAN to people who do not have to pay to it."""
    return _MASK + iban_end
