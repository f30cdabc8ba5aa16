import pytest

from domain.phone import parse_phone


@pytest.mark.parametrize(
    "written",
    [
        "09121234567",
        "9121234567",
        "+989121234567",
        "00989121234567",
        "989121234567",
        "۰۹۱۲۱۲۳۴۵۶۷",
        "٠٩١٢١٢٣٤٥٦٧",
        "0912 123 45 67",
        "(0912) 123-4567",
        "\u200e+98 912 123 4567\u200f",
    ],
)
def test_an_iranian_mobile_number_has_one_form(written: str) -> None:
    assert parse_phone(written) == "+989121234567"


def test_other_countries_are_written_as_e164() -> None:
    assert parse_phone("+49 151 1234 5678") == "+4915112345678"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "call me",
        "02112345678",  # a landline takes no SMS
        "+982112345678",
        "+98912123456",
        "+9891212345678",
        "0935123456",
        "+0123456789",
        "+1234567",
        "+1234567890123456",
        "4915112345678",
        "+49151x2345678",
        "09121234567\n09121234568",
        9121234567,
        None,
    ],
)
def test_what_cannot_be_one_is_refused_without_repeating_it(written: object) -> None:
    with pytest.raises(ValueError, match="phone number") as error:
        parse_phone(written)

    assert not written or str(written) not in str(error.value)
