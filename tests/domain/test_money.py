"""What counts as an amount, at every boundary, and that dividing one invents nothing."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import MAX_AMOUNT, parse_amount, parse_share, part_of

amounts = st.decimals(min_value=0, max_value=MAX_AMOUNT, places=2)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("150000", "150000.00"), ("150000.5", "150000.50"), (150000, "150000.00"), ("0.01", "0.01")],
)
def test_an_amount_has_two_places(text: Any, amount: str) -> None:
    assert str(parse_amount(text)) == amount


def test_the_largest_amount_fits() -> None:
    assert parse_amount("9999999999999999.99") == MAX_AMOUNT


@pytest.mark.parametrize(
    "value",
    [
        *("0", "0.00", 0, -1, "-1", "+1", "1.005", "1e5", "NaN", "Infinity", "", " 1", "1 000"),
        *("10000000000000000", 10**16, 10**400, 1.5, 150000.0, True, None, [], "۱۲۳", "1_0", "0x1"),
        *(Decimal("NaN"), Decimal("Infinity"), Decimal(-1), Decimal("1.005")),
    ],
)
def test_nothing_else_is_an_amount(value: object) -> None:
    with pytest.raises(ValueError, match="amount"):
        parse_amount(value)


@pytest.mark.parametrize("value", ["0", "0.00", "00", 0])
def test_a_share_may_be_nothing(value: object) -> None:
    assert str(parse_share(value)) == "0.00"


@pytest.mark.parametrize("value", ["-0", -1, "0.001", 0.0, False, None, "", 10**16, "1e0"])
def test_a_share_is_an_amount_otherwise(value: object) -> None:
    assert parse_share("0.01") == parse_amount("0.01")
    with pytest.raises(ValueError, match="amount"):
        parse_share(value)


@given(amounts, st.integers(min_value=0, max_value=10_000))
def test_a_part_and_its_rest_are_the_whole(amount: Decimal, basis_points: int) -> None:
    part = part_of(amount, basis_points)

    assert 0 <= part <= amount
    assert part == part.quantize(Decimal("0.01"))
    assert part <= amount * basis_points / 10_000  # rounded down, for no rial is invented


@pytest.mark.parametrize(("amount", "basis_points"), [("-1", 5), ("1", -1), ("1", 10_001)])
def test_there_is_no_part_outside_the_whole(amount: str, basis_points: int) -> None:
    with pytest.raises(ValueError, match="basis points"):
        part_of(Decimal(amount), basis_points)
