"""What may be paid through the gateway."""

from decimal import Decimal

import pytest

from domain.errors import ValidationFailed
from domain.payment import check_amount


@pytest.mark.parametrize("amount", ["10000", "1000000000", "10000.00"])
def test_whole_rials_within_the_gateways_limits(amount: str) -> None:
    check_amount(Decimal(amount))


@pytest.mark.parametrize("amount", ["9999", "1000000001", "10000.50"])
def test_everything_else_is_refused(amount: str) -> None:
    with pytest.raises(ValidationFailed):
        check_amount(Decimal(amount))
