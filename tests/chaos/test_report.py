"""A report says what was done and what came of it, and fails for whatever was not as planned."""

from collections import Counter
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from chaos.cuts import Severed
from chaos.journal import Journal, Write
from chaos.judge import Fault
from chaos.kills import Death
from chaos.plan import Line, Victim
from chaos.report import Report, hits, quantile, slowest_recovery
from chaos.storm import Damage

CHECK = "each wallet holds what it should"


def a_write(sent_at: float, answered_at: float, *, tries: int = 1, status: int = 201) -> Write:
    """One that was first sent at 0."""
    return Write("POST", "/tickets/", "key", status, {}, tries, 0.0, sent_at, answered_at)


def a_report(**changes: Any) -> Report:
    journal = Journal(UUID(int=1), writes=[a_write(0.0, 0.5), a_write(2.0, 3.0, tries=2)])
    journal.repeats.update({"503 database_unavailable": 1})
    values: dict[str, Any] = {
        "seed": 7,
        "minutes": 0.5,
        "planned_deaths": 1,
        "damage": Damage([Death(Victim.WORKER, 4711, 1.0)], [Severed(Line.API_TEMPORAL, 3)]),
        "journals": [journal],
        "loans": Counter(completed=2, pending=1),
        "money": {"taken by the gateway": Decimal(1000)},
        "checks": [CHECK],
        "faults": [],
        "failures": [],
    }
    return Report(**values | changes)


def test_a_report_tells_its_figures() -> None:
    report = a_report()

    assert report.holds
    told = str(report)
    for line in (
        "seed 7, 0.5 minutes",
        "killed      1: 1 worker",
        "connections cut 3: 3 api to temporal",
        "2 acknowledged, 1 of them repeated; 0 refused",
        "1 503 database_unavailable",
        "p50 3,000 ms",
        "loans       3: 2 completed, 1 pending",
        f"ok      {CHECK}",
        "slowest after a kill of worker: 2.0 s",
        "Nothing was lost and nothing was doubled, in 1 kills.",
    ):
        assert line in told


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"faults": [Fault(CHECK, "the wallet of x", "holds 1")]}, "the wallet of x: holds 1"),
        ({"failures": ["GET /wallet/ was answered 500"]}, "FAILED  GET /wallet/"),
        ({"planned_deaths": 2}, "FAILED  only 1 of 2 kills were done"),
    ],
)
def test_whatever_is_wrong_fails_and_names_the_seed(changes: dict[str, Any], line: str) -> None:
    report = a_report(**changes)

    assert not report.holds
    assert line in str(report)
    assert "IT DOES NOT HOLD. --seed 7" in str(report)


def test_what_could_not_be_cut_is_told() -> None:
    severed = [Severed(Line.API_TEMPORAL, 0, "not on this machine")]

    assert "NOT DONE    cutting api to temporal: not on this machine" in str(
        a_report(damage=Damage([Death(Victim.API, 1, 0.0)], severed))
    )


def test_quantiles_are_of_whole_waits() -> None:
    writes = [a_write(0.0, float(seconds)) for seconds in range(1, 101)]

    assert quantile(writes, 0.5) == 51.0
    assert quantile(writes, 0.99) == 100.0
    assert quantile([], 0.5) == 0.0


def test_a_kill_of_what_is_still_down_is_not_counted_as_one_of_a_system_at_work() -> None:
    deaths = [Death(Victim.API, pid, at) for pid, at in enumerate((10.0, 11.0, 20.0))]

    assert hits(Damage(deaths), [a_write(1.0, 2.0), a_write(15.0, 16.0)]) == 2


def test_a_recovery_ends_with_a_write_that_was_sent_after_the_kill() -> None:
    damage = Damage([Death(Victim.API, 1, 10.0), Death(Victim.TEMPORAL, 2, 20.0)])
    answered_but_sent_before = a_write(9.0, 10.1)

    told = slowest_recovery(
        damage, [answered_but_sent_before, a_write(15.0, 16.0), a_write(20.5, 21.0)]
    )

    assert told == "slowest after a kill of api: 6.0 s to the next write"
