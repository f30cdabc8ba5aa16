"""How an escrow is divided, for each way in which a loan can end. Amounts in rials.

The platform's commission is a part of what the lender earns, so who earns nothing pays none.
Of a loan that was disputed it takes nothing: what people agreed on, or an operator decided, is
what they receive, to the rial.
"""

from datetime import datetime
from decimal import Decimal

from domain.cancellation import lender_share, terms_of
from domain.ledger import Split
from domain.money import ZERO, part_of
from domain.ticket import Ticket


def returned(ticket: Ticket) -> Split:
    """Divide the escrow of a loan that ended well."""
    return _earned(ticket, ticket.fee)


def cancelled(ticket: Ticket, at: datetime, *, by_borrower: bool) -> Split:
    """Divide the escrow of a loan that never began. Only the borrower's own cancel may cost."""
    if not by_borrower:
        return _earned(ticket, ZERO)
    terms = terms_of(ticket.cancellation_policy, ticket.cancellation_version)
    return _earned(ticket, lender_share(terms, ticket.fee, ticket.starts_at, at))


def _earned(ticket: Ticket, fee: Decimal) -> Split:
    commission = part_of(fee, ticket.commission_bps)
    return Split(lender=fee - commission, platform=commission, borrower=ticket.total - fee)


def disputed(ticket: Ticket) -> Split:
    """Divide the escrow as the dispute was decided."""
    dispute = ticket.dispute
    if dispute is None or dispute.to_lender is None or dispute.to_borrower is None:
        raise ValueError(f"the dispute of ticket {ticket.id} is not decided")
    return Split(lender=dispute.to_lender, platform=ZERO, borrower=dispute.to_borrower)
