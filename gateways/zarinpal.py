"""Zarinpal's REST v4: opens, verifies and looks up payments.

Amounts are whole rials. The merchant id is the only credential, so it is shown nowhere; the
answers' card hash can be reversed by trying, so it is not read at all.
"""

import asyncio
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Final, TypeGuard

import httpx

from gateways.calls import NOT_SENT
from gateways.envelope import JsonObject, as_object, integer, rials, unwrap
from gateways.errors import OutcomeUnknown, Unavailable
from gateways.payment import (
    InquiryStatus,
    OpenedPayment,
    PaymentRequest,
    UnverifiedPayment,
    Verification,
)
from gateways.result_codes import ALREADY_VERIFIED, SUCCESS

_AUTHORITY: Final = re.compile(r"[AS][0-9a-zA-Z]{35}")
_MASKED_CARD: Final = re.compile(r"[0-9]{6}\*+[0-9]{4}")


@dataclass(frozen=True)
class ZarinpalGateway:
    """One terminal at one host. The caller owns `client` and closes it.

    Every call raises `Declined`, `Unavailable` or `OutcomeUnknown` unless it succeeds.
    """

    client: httpx.AsyncClient
    base_url: str
    merchant_id: str = field(repr=False)
    connect_timeout: timedelta = timedelta(seconds=5)
    total_timeout: timedelta = timedelta(seconds=15)

    async def request(self, payment: PaymentRequest) -> OpenedPayment:
        """Open a payment. Not idempotent: each call that takes effect opens another one.

        An authority whose answer was lost is harmless, since no one has the link to pay it.
        """
        metadata = {
            "order_id": str(payment.payment_id),
            # Money that we never verify goes back to the payer, rather than staying unowned.
            "auto_verify": False,
            "mobile": payment.mobile,
            "email": payment.email,
        }
        answer = await self._call(
            "request",
            amount=_whole(payment.amount),
            currency="IRR",
            description=payment.description,
            callback_url=payment.callback_url,
            # The gateway refuses empty members.
            metadata={key: value for key, value in metadata.items() if value not in (None, "")},
        )
        authority = answer.get("authority")
        if not _is_authority(authority):
            raise OutcomeUnknown("request: succeeded without a usable authority")
        return OpenedPayment(
            authority, fee=rials(answer.get("fee")), fee_type=_text(answer.get("fee_type"))
        )

    def payment_page(self, authority: str) -> str:
        """Return where the payer pays.

        Raises:
            ValueError: If `authority` is not of the gateway's form.
        """
        if not _is_authority(authority):
            raise ValueError("not a Zarinpal authority")
        return f"{self._host}/pg/StartPay/{authority}"

    async def verify(self, amount: Decimal, authority: str) -> Verification:
        """Claim the money of a payment. Safe to repeat at any time.

        Args:
            amount: Our own record of what was asked for; the gateway compares it with its own.
            authority: The one stored with that record, never one that a browser brought.
        """
        answer = await self._call(
            "verify",
            (SUCCESS, ALREADY_VERIFIED),
            amount=_whole(amount),
            authority=authority,
        )
        ref_id = answer.get("ref_id")
        card_pan = _text(answer.get("card_pan"))
        return Verification(
            ref_id=str(ref_id) if integer(ref_id) else None,
            card_pan=card_pan if card_pan and _MASKED_CARD.fullmatch(card_pan) else None,
            fee=rials(answer.get("fee")),
            repeated=integer(answer.get("code")) == ALREADY_VERIFIED,
        )

    async def inquire(self, authority: str) -> InquiryStatus:
        """Ask for the state of a payment. It is information; only `verify` claims money."""
        answer = await self._call("inquiry", authority=authority)
        try:
            return InquiryStatus(str(answer.get("status")).upper())
        except ValueError as error:
            raise OutcomeUnknown("inquiry: succeeded with an undocumented status") from error

    async def unverified(self) -> tuple[UnverifiedPayment, ...]:
        """List payments that are paid but not verified; the gateway shows the latest 100."""
        answer = await self._call("unVerified")
        listed = answer.get("authorities") or []
        if not isinstance(listed, list):
            raise OutcomeUnknown("unVerified: succeeded without a list")
        return tuple(filter(None, (_unverified(as_object(item)) for item in listed)))

    async def reverse(self, authority: str) -> None:
        """Send all of a successful payment back to its card, within 30 minutes of it.

        A `Declined` that is ambiguous (-61) may mean that it was reversed before: `inquire` tells.
        """
        await self._call("reverse", authority=authority)

    @property
    def _host(self) -> str:
        return self.base_url.rstrip("/")

    async def _call(
        self, operation: str, successes: Collection[int] = (SUCCESS,), **members: object
    ) -> JsonObject:
        try:
            response = await self._post(operation, {"merchant_id": self.merchant_id, **members})
        except NOT_SENT as error:
            raise Unavailable(f"{operation}: {type(error).__name__}") from error
        except (httpx.RequestError, TimeoutError) as error:
            raise OutcomeUnknown(f"{operation}: {type(error).__name__}") from error
        return unwrap(response, successes, secret=self.merchant_id)

    async def _post(self, operation: str, body: JsonObject) -> httpx.Response:
        connect, total = self.connect_timeout.total_seconds(), self.total_timeout.total_seconds()
        # httpx limits each wait for a byte; only the outer limit ends an answer that drips.
        async with asyncio.timeout(total):
            return await self.client.post(
                f"{self._host}/pg/v4/payment/{operation}.json",
                json=body,
                headers={"Accept": "application/json"},
                timeout=httpx.Timeout(total, connect=connect, pool=connect),
                follow_redirects=False,  # the merchant id goes to this host and to no other
            )


def _unverified(item: JsonObject) -> UnverifiedPayment | None:
    authority, amount = item.get("authority"), rials(item.get("amount"))
    if not _is_authority(authority) or amount is None:
        return None  # one entry that cannot be read must not hide the others
    return UnverifiedPayment(authority, amount, _text(item.get("date")))


def _whole(amount: Decimal) -> int:
    """Refuse parts of a rial: the gateway would take another amount than the ledger's."""
    if not amount.is_finite() or amount != amount.to_integral_value():
        raise ValueError(f"{amount} is not a whole number of rials")
    return int(amount)


def _is_authority(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _AUTHORITY.fullmatch(value) is not None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
