"""Search attributes: ids and statuses only, because the server stores them in clear."""

from typing import Final

from temporalio.common import SearchAttributeKey

TICKET_STATUS: Final = SearchAttributeKey.for_keyword("TicketStatus")
PAYMENT_STATUS: Final = SearchAttributeKey.for_keyword("PaymentStatus")
BORROWER_ID: Final = SearchAttributeKey.for_keyword("BorrowerId")
LENDER_ID: Final = SearchAttributeKey.for_keyword("LenderId")
ASSET_ID: Final = SearchAttributeKey.for_keyword("AssetId")
NEEDS_ATTENTION: Final = SearchAttributeKey.for_bool("NeedsAttention")
