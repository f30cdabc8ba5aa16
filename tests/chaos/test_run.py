"""What is left of a storm that did not hold: enough to find out why."""

import json
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from chaos.journal import Held, Journal, Sent, Step, Write
from chaos.run import JOURNALS, keep


def test_what_people_were_told_is_kept_beside_the_logs(tmp_path: Path) -> None:
    journal = Journal(UUID(int=1), balance=Decimal("10.00"))
    journal.writes.append(Write("POST", "/a/", "key", 201, {"id": "x"}, 2, 0.0, 1.0, 1.5))
    journal.steps.append(Step(UUID(int=2), "pay", "active"))
    journal.sent.append(Sent(UUID(int=3), UUID(int=4), Decimal(5)))
    journal.payments[UUID(int=5)] = Held(Decimal(6), "paid")
    journal.repeats["503"] += 1

    said = keep(tmp_path, [journal])

    assert str(tmp_path / JOURNALS) in said
    [kept] = json.loads((tmp_path / JOURNALS).read_text())
    assert kept["balance"] == "10.00"
    assert kept["writes"][0]["key"] == "key"
    assert kept["payments"][str(UUID(int=5))]["status"] == "paid"
    assert kept["repeats"] == {"503": 1}
