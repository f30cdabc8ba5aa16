"""Iranian national ids: ten digits, of which the last one checks the others."""

from typing import Final

from domain.digits import compact

DIGITS: Final = 10


def parse_national_id(value: object) -> str:
    """Read a national id as people write it, in Latin, Persian or Arabic digits.

    Returns:
        Ten Latin digits; leading zeros count.

    Raises:
        ValueError: It cannot be one. The message does not repeat it.
    """
    if not isinstance(value, str):
        raise ValueError("A national id is a string.")
    text = compact(value)
    if len(text) != DIGITS or not (text.isascii() and text.isdigit()):
        raise ValueError(f"A national id has {DIGITS} digits.")
    if len(set(text)) == 1 or int(text[-1]) != _check_digit(text):
        raise ValueError("The check digit of this national id does not fit: a digit is wrong.")
    return text


def _check_digit(text: str) -> int:
    weighted = sum(int(digit) * (DIGITS - place) for place, digit in enumerate(text[:-1]))
    rest = weighted % 11
    return rest if rest < 2 else 11 - rest


def ending(national_id: str) -> str:
    """Return the four digits by which its owner recognises it."""
    return national_id[-4:]
