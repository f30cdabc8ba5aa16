"""The calls to the payment gateway. What it answers becomes a verdict, a refusal, or a retry."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from temporalio import activity

from activities.contracts.payments import (
    GatewaySteps,
    Inspection,
    NewPayment,
    Opened,
    Unverified,
    Verdict,
    Verified,
)
from activities.contracts.refusal import refuse
from domain.errors import GatewayRefused
from domain.payment import Payment
from gateways.errors import Declined, ResultClass
from gateways.payment import InquiryStatus, PaymentRequest
from gateways.zarinpal import ZarinpalGateway

_NOT_PAID = frozenset({ResultClass.PENDING, ResultClass.FINAL})
_ASK_AGAIN = frozenset({ResultClass.RETRY, ResultClass.AMBIGUOUS})
_RECEIVED = frozenset({InquiryStatus.PAID, InquiryStatus.VERIFIED})


@dataclass(frozen=True)
class ZarinpalSteps(GatewaySteps):
    """`Unavailable` and `OutcomeUnknown` leave a step as they are, so Temporal calls it again."""

    gateway: ZarinpalGateway
    callback_url: str

    @activity.defn
    async def open_at_gateway(self, payment: NewPayment) -> Opened:
        """Open a payment. A repeat opens another one, and nobody ever sees the first."""
        with _refusals():
            opened = await self.gateway.request(
                PaymentRequest(
                    payment_id=payment.payment_id,
                    amount=payment.amount,
                    description="Wallet top-up",
                    callback_url=self.callback_url,
                )
            )
        return Opened(opened.authority, self.gateway.payment_page(opened.authority))

    @activity.defn
    async def verify_at_gateway(self, payment: Payment) -> Inspection:
        """Claim the money of a payment; safe to repeat, the gateway says 101 then."""
        with _refusals():
            try:
                found = await self.gateway.verify(payment.amount, payment.authority or "")
            except Declined as declined:
                if declined.result_class in _NOT_PAID:
                    return Inspection(Verdict.UNPAID)
                raise
        return Inspection(Verdict.PAID, Verified(found.ref_id, found.card_pan, found.fee))

    @activity.defn
    async def inquire_at_gateway(self, payment: Payment) -> Inspection:
        """Ask whether there is money to claim. Only `verify_at_gateway` claims it."""
        with _refusals():
            status = await self.gateway.inquire(payment.authority or "")
        return Inspection(Verdict.PAID if status in _RECEIVED else Verdict.UNPAID)

    @activity.defn
    async def reverse_at_gateway(self, payment: Payment) -> bool:
        """Send a payment back to its card; tell whether that happened."""
        with _refusals():
            try:
                await self.gateway.reverse(payment.authority or "")
            except Declined as declined:
                if declined.result_class is ResultClass.FINAL:
                    return False
                if declined.result_class is not ResultClass.AMBIGUOUS:
                    raise
                status = await self.gateway.inquire(payment.authority or "")
                return status is InquiryStatus.REVERSED
        return True

    @activity.defn
    async def status_at_gateway(self, payment: Payment) -> str:
        """Return the gateway's own word for what became of a payment."""
        with _refusals():
            return await self.gateway.inquire(payment.authority or "")

    @activity.defn
    async def list_unverified(self) -> tuple[Unverified, ...]:
        """List what was paid and not claimed; the gateway shows the latest hundred."""
        with _refusals():
            listed = await self.gateway.unverified()
        return tuple(Unverified(one.authority, one.amount, one.date) for one in listed)


@contextmanager
def _refusals() -> Iterator[None]:
    """Stop retrying what only a person can mend; let everything else be tried again."""
    try:
        yield
    except Declined as declined:
        if declined.result_class in _ASK_AGAIN:
            raise
        raise refuse(GatewayRefused(str(declined))) from declined
