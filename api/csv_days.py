"""Days of the report as CSV (RFC 4180), a row for each, to be opened in a spreadsheet."""

import csv
import io
from collections.abc import Iterable
from typing import Final

from api.csv_statement import MEDIA_TYPE, harmless
from domain.messages.notice import Channel, MessageStatus
from domain.payment import PaymentStatus
from domain.reports import Day

CONTENT_TYPE: Final = f"{MEDIA_TYPE}; charset=utf-8; header=present"
_PLAIN: Final = (
    "new_users", "requests", "started", "completed", "cancelled", "volume", "lender_income",
    "commission", "top_ups", "top_up_amount", "withdrawals", "withdrawal_amount",
)  # fmt: skip
HEADER: Final = (
    "day",
    "time_zone",
    *_PLAIN,
    *(f"payments_{status}" for status in PaymentStatus),
    *(f"messages_{channel}_{status}" for channel in Channel for status in MessageStatus),
)


def written(days: Iterable[Day], time_zone: str) -> bytes:
    """Return the days as a file; text is in quotes and numbers are not."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(HEADER)
    for day in days:
        writer.writerow(
            (
                day.day.isoformat(),
                harmless(time_zone),
                *(getattr(day, name) for name in _PLAIN),
                *(day.payments[status] for status in PaymentStatus),
                *(day.messages[of][status] for of in Channel for status in MessageStatus),
            )
        )
    return text.getvalue().encode()


_EXAMPLE: Final = (
    ",".join(f'"{name}"' for name in HEADER)
    + '\r\n"2026-11-22","Asia/Tehran",12,20,14,11,3,4200000.00,3135000.00,165000.00,31,'
    "24500000.00,5,9000000.00,2,31,4,1,3,0,1,96,2,0,41,0,0,0,0\r\n"
)
DOCUMENTED: Final = {"schema": {"type": "string"}, "example": _EXAMPLE}
