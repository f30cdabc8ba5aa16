"""Account numbers are read as people write them, and a slip of the finger is noticed."""

import pytest
from hypothesis import given, strategies

from domain.iban import ending, masked, parse_iban

REAL = "IR062960000000100324200001"  # the central bank's own example of a Sheba


@pytest.mark.parametrize(
    "written",
    [
        REAL,
        "IR06 2960 0000 0010 0324 2000 01",
        "ir06-2960-0000-0010-0324-2000-01",
        " \u200fIR۰۶ ۲۹۶۰ ۰۰۰۰ ۰۰۱۰ ۰۳۲۴ ۲۰۰۰ ۰۱\u200e\n",
        "IR٠٦ ٢٩٦٠ ٠٠٠٠ ٠٠١٠ ٠٣٢٤ ٢٠٠٠ ٠١",
        "\u202aIR06–2960–0000–0010–0324–2000–01\u202c",
    ],
)
def test_a_number_is_read_as_people_write_it(written: str) -> None:
    assert parse_iban(written) == REAL


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("", "begins with IR"),
        (REAL[2:], "begins with IR"),
        ("DE89370400440532013000", "begins with IR"),
        (REAL[:-1], "24 digits after IR, not 23"),
        (REAL + "0", "24 digits after IR, not 25"),
        (REAL[:-1] + "X", "only digits"),
        (REAL[:-1] + "²", "only digits"),
        (REAL[:-1] + "\x00", "only digits"),
        (REAL.replace("IR06", "IR07"), "check digits"),
        (REAL.replace("IR06", "IR00"), "check digits"),
        (None, "is a string"),
        (62960000000100324200001, "is a string"),
        (REAL.encode(), "is a string"),
    ],
)
def test_a_number_that_cannot_be_is_refused_and_says_why(wrong: object, why: str) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        parse_iban(wrong)

    assert "0324200001" not in str(refused.value)


def with_check_digits(account: str) -> str:
    """Find the check digits by the definition: the whole number leaves 1 when divided by 97."""
    [check] = [
        f"{digits:02}" for digits in range(2, 99) if int(f"{account}1827{digits:02}") % 97 == 1
    ]
    return f"IR{check}{account}"


accounts = strategies.text("0123456789", min_size=22, max_size=22)


@given(accounts)
def test_every_number_that_obeys_the_standard_is_accepted(account: str) -> None:
    iban = with_check_digits(account)

    assert parse_iban(iban) == iban


@given(accounts, strategies.integers(2, 25), strategies.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(account: str, place: int, shift: int) -> None:
    iban = with_check_digits(account)
    slipped = iban[:place] + str((int(iban[place]) + shift) % 10) + iban[place + 1 :]

    with pytest.raises(ValueError, match="check digits"):
        parse_iban(slipped)


@given(accounts, strategies.integers(2, 24))
def test_two_swapped_neighbours_are_always_noticed(account: str, place: int) -> None:
    iban = with_check_digits(account)
    one, other = iban[place], iban[place + 1]
    if one == other:
        return
    swapped = iban[:place] + other + one + iban[place + 2 :]

    with pytest.raises(ValueError, match="check digits"):
        parse_iban(swapped)


def test_what_is_shown_of_a_number_is_its_end() -> None:
    shown = masked(ending(REAL))

    assert shown.endswith("0001")
    assert sum(character.isdigit() for character in shown) == 4
