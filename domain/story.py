"""What a line of the timeline tells beyond the status: amounts in rials, times in UTC."""

from domain import ledger
from domain.ledger import Posting, Side
from domain.ticket import Action, Ticket


def details(
    before: Ticket, after: Ticket, action: Action, posting: Posting | None
) -> dict[str, str]:
    """Say what an action was about: the money that moved, the new end, or the claim."""
    told = _moved(before, posting) if posting else {}
    if action in {Action.EXTEND, Action.ACCEPT_EXTENSION} and after.extension:
        end = after.extension.ends_at.isoformat().replace("+00:00", "Z")
        told = {"ends_at": end, "fee": f"{after.extension.fee:.2f}"}
    if action is Action.DISPUTE and after.dispute:
        told = {"claim": f"{after.dispute.claim:.2f}"}
    return told


def _moved(ticket: Ticket, posting: Posting) -> dict[str, str]:
    """Name who received how much."""
    names = {
        ledger.escrow(ticket.id): "amount",
        ledger.wallet(ticket.lender_id): "to_lender",
        ledger.wallet(ticket.borrower_id): "to_borrower",
        ledger.PLATFORM_REVENUE: "to_platform",
    }
    received = (entry for entry in posting.entries if entry.side is Side.CREDIT)
    return {names[entry.account]: f"{entry.amount:.2f}" for entry in received}
