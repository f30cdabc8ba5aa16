import pytest

from domain.national_id import ending, parse_national_id


@pytest.mark.parametrize(
    "written", ["0013542419", "001-354241-9", "۰۰۱۳۵۴۲۴۱۹", "٠٠١٣٥٤٢٤١٩", " 0013542419\u200f"]
)
def test_it_has_one_form(written: str) -> None:
    assert parse_national_id(written) == "0013542419"
    assert ending("0013542419") == "2419"


@pytest.mark.parametrize("last", sorted(set("0123456789") - {"9"}))
def test_one_wrong_check_digit_is_noticed(last: str) -> None:
    with pytest.raises(ValueError, match="check digit"):
        parse_national_id("001354241" + last)


@pytest.mark.parametrize("place", range(9))
def test_one_wrong_digit_is_noticed(place: int) -> None:
    right = "0013542419"
    wrong = right[:place] + str((int(right[place]) + 1) % 10) + right[place + 1 :]

    with pytest.raises(ValueError, match="check digit"):
        parse_national_id(wrong)


@pytest.mark.parametrize("digit", "0123456789")
def test_ten_equal_digits_are_nobodys(digit: str) -> None:
    with pytest.raises(ValueError, match="check digit"):
        parse_national_id(digit * 10)


@pytest.mark.parametrize("written", ["", "001354241", "00135424190", "00135424l9", "²013542419", 5])
def test_what_has_no_ten_digits_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="national id"):
        parse_national_id(written)
