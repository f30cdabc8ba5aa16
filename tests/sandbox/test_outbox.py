"""The simulator's file of messages: what an earlier version kept in it is still there."""

import sqlite3
from pathlib import Path

from sandbox.gateway.outbox import Outbox, Sent

EARLIER = """
CREATE TABLE outbox (
    number INTEGER PRIMARY KEY, channel TEXT NOT NULL, recipient TEXT NOT NULL,
    subject TEXT NOT NULL, text TEXT NOT NULL, html TEXT NOT NULL, local_id TEXT, at TEXT NOT NULL
)
"""


def test_a_file_of_an_earlier_version_is_taken_over(tmp_path: Path) -> None:
    file = tmp_path / "gateway.sqlite"
    with sqlite3.connect(file) as earlier:
        earlier.execute(EARLIER)
        earlier.execute("INSERT INTO outbox VALUES (1, 'sms', '0912', '', 'old', '', '7', 'then')")
    earlier.close()
    new = Sent("whatsapp", "+98912", "", "new", provider="twilio", provider_id="SM1")

    for _ in range(2):
        outbox = Outbox(file)
        outbox.keep(new)
        outbox.close()

    outbox = Outbox(file)
    assert [sent.provider_id for sent in outbox.latest(10)] == ["SM1", "SM1", None]
    found = outbox.by_local_id("7")
    assert found
    assert (found.text, found.callback_url) == ("old", None)
    outbox.close()
