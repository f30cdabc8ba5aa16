"""The rules: well formed, explained, quiet while all is well, and firing when it is not."""

import json
import re
from pathlib import Path
from typing import Any, Final

import promql_parser as promql
import pytest
import yaml

from tests.observability.promql import Moment, read

ROOT: Final = Path(__file__).parent.parent.parent
FOLDER: Final = ROOT / "observability"
NOW: Final = 1_800_000_000.0
RULES: Final[dict[str, dict[str, Any]]] = {
    rule["alert"]: rule
    for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
}

FINE: Final = f"""
up{{job="assets-api",instance="a"}} 1
assets_money_unexplained_rials 0
assets_open_findings{{kind="not_claimed"}} 0
assets_database_up 1
assets_ledger_unsealed_since_timestamp_seconds {NOW - 5}
assets_step_last_success_timestamp_seconds{{step="compare"}} {NOW - 60}
assets_daily_report_timestamp_seconds {NOW - 3600}
assets_step_attempts_total{{step="move_ticket",path="fast",outcome="ok"}} 100
assets_step_attempts_total{{step="move_ticket",path="fast",outcome="failed"}} 10
assets_step_attempts_total{{step="move_ticket",path="operable",outcome="failed"}} 10
assets_step_attempts_total{{step="verify_at_gateway",path="operable",outcome="failed"}} 10
temporal_num_pollers{{poller_type="workflow_task"}} 5
temporal_long_request_failure_total{{operation="PollWorkflowTaskQueue",instance="w"}} 3
temporal_workflow_task_execution_failed_total{{workflow_type="TicketLoan"}} 3
assets_http_requests_total{{route="/r",status="200"}} 1000
assets_http_requests_total{{route="/r",status="503"}} 10
assets_http_requests_total{{route="/readyz",status="503"}} 10
assets_http_request_duration_seconds_bucket{{route="/r",le="0.05"}} 1000
assets_http_request_duration_seconds_bucket{{route="/r",le="2.5"}} 1000
assets_http_request_duration_seconds_bucket{{route="/r",le="+Inf"}} 1000
assets_database_pool_size{{instance="a"}} 20
assets_database_pool_in_use{{instance="a"}} 3
assets_database_pool_timeouts_total{{instance="a"}} 2
assets_gateway_calls_total{{gateway="zarinpal",outcome="ok"}} 100
assets_gateway_calls_total{{gateway="zarinpal",outcome="declined"}} 100
assets_gateway_calls_total{{gateway="zarinpal",outcome="unavailable"}} 10
"""
# What five minutes of ordinary work add to it.
BUSY: Final = """
assets_step_attempts_total{step="move_ticket",path="fast",outcome="ok"} 900
assets_step_attempts_total{step="verify_at_gateway",path="operable",outcome="failed"} 20
assets_http_requests_total{route="/r",status="200"} 2000
assets_http_requests_total{route="/r",status="503"} 12
assets_http_requests_total{route="/readyz",status="503"} 90
assets_http_request_duration_seconds_bucket{route="/r",le="0.05"} 1990
assets_http_request_duration_seconds_bucket{route="/r",le="2.5"} 2000
assets_http_request_duration_seconds_bucket{route="/r",le="+Inf"} 2000
assets_database_pool_in_use{instance="a"} 19
assets_gateway_calls_total{gateway="zarinpal",outcome="ok"} 150
assets_gateway_calls_total{gateway="zarinpal",outcome="declined"} 180
assets_gateway_calls_total{gateway="zarinpal",outcome="unavailable"} 12
"""
# What makes each of them fire; a line that begins with a minus takes a series away.
TROUBLE: Final = {
    "AssetsMoneyUnexplained": ["assets_money_unexplained_rials 70000"],
    "AssetsMismatchOpen": ['assets_open_findings{kind="not_claimed"} 1'],
    "AssetsSealLate": [f"assets_ledger_unsealed_since_timestamp_seconds {NOW - 901}"],
    "AssetsReconciliationLate": [
        f'assets_step_last_success_timestamp_seconds{{step="compare"}} {NOW - 1801}',
        "-assets_step_last_success_timestamp_seconds",
    ],
    "AssetsReportLate": [f"assets_daily_report_timestamp_seconds {NOW - 93_601}"],
    "AssetsWorkflowNeedsAttention": [
        f'assets_attention_since_timestamp_seconds{{kind="parked",workflow="TopUp"}} {NOW - 901}',
        f'assets_attention_since_timestamp_seconds{{kind="stuck",workflow="TopUp"}} {NOW - 901}',
    ],
    "AssetsStepFailing": [
        'assets_step_attempts_total{step="move_ticket",path="operable",outcome="failed"} 11'
    ],
    "AssetsFastPathFailing": [
        'assets_step_attempts_total{step="move_ticket",path="fast",outcome="failed"} 60'
    ],
    "AssetsWorkflowTaskFailing": [
        'temporal_workflow_task_execution_failed_total{workflow_type="TicketLoan"} 4'
    ],
    "AssetsNoWorkerPolling": [
        'temporal_num_pollers{poller_type="workflow_task"} 0',
        "-temporal_num_pollers",
    ],
    "AssetsEngineUnreachable": [
        'temporal_long_request_failure_total{operation="PollWorkflowTaskQueue",instance="w"} 60'
    ],
    "AssetsApiDown": ['up{job="assets-api",instance="a"} 0', "-up"],
    "AssetsApiErrors": ['assets_http_requests_total{route="/r",status="503"} 100'],
    "AssetsApiSlow": [
        'assets_http_request_duration_seconds_bucket{route="/r",le="0.05"} 1800',
    ],
    "AssetsDatabaseUnreachable": ["assets_database_up 0"],
    "AssetsDatabasePoolExhausted": [
        'assets_database_pool_in_use{instance="a"} 20',
        'assets_database_pool_timeouts_total{instance="a"} 3',
    ],
    "AssetsGatewayFailing": [
        'assets_gateway_calls_total{gateway="zarinpal",outcome="unavailable"} 60',
    ],
    "AssetsMessagesLate": [
        f'assets_messages_due_since_timestamp_seconds{{channel="sms"}} {NOW - 601}'
    ],
}
CASES: Final = [(alert, lines) for alert, cases in TROUBLE.items() for lines in cases]


def after(lines: str = "") -> Moment:
    """Five minutes of ordinary work, in which some lines were otherwise."""
    known = dict(line.rsplit(" ", 1) for line in (FINE + BUSY).splitlines() if line)
    if lines.startswith("-"):
        known = {name: value for name, value in known.items() if not name.startswith(lines[1:])}
    else:
        known |= dict(line.rsplit(" ", 1) for line in lines.splitlines())
    text = "".join(f"{name} {value}\n" for name, value in known.items())
    return Moment(read(FINE), read(text), NOW)


def firing(moment: Moment) -> set[str]:
    return {name for name, rule in RULES.items() if moment.fires(rule["expr"])}


def test_every_rule_has_been_made_to_fire() -> None:
    assert set(TROUBLE) == set(RULES)


def test_nobody_is_woken_while_all_is_well() -> None:
    assert firing(after()) == set()


def test_the_guide_says_of_each_alert_what_to_do_and_of_no_other() -> None:
    guide = (ROOT / "docs" / "alerts.md").read_text()

    assert set(re.findall(r"^### (\w+)$", guide, re.MULTILINE)) == set(RULES)
    for alert, rule in RULES.items():
        severity = rule["labels"]["severity"].capitalize()
        assert f"### {alert}\n\n{severity}. " in guide, alert


@pytest.mark.parametrize(("alert", "lines"), CASES)
def test_a_rule_fires_when_it_should_and_no_other_one_does(alert: str, lines: str) -> None:
    assert firing(after(lines)) == {alert}


@pytest.mark.parametrize("alert", sorted(RULES))
def test_a_rule_says_what_it_is_about_and_where_to_read_on(alert: str) -> None:
    rule = RULES[alert]

    assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"\d+m", rule["for"])
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule["annotations"]) == {"summary", "description", "runbook"}
    assert rule["annotations"]["description"].endswith(".")
    assert rule["annotations"]["runbook"] == f"docs/alerts.md#{alert.lower()}"


def test_the_jobs_are_those_that_the_rules_speak_of() -> None:
    configuration = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    jobs = {job["job_name"] for job in configuration["scrape_configs"]}
    files = ((FOLDER / name).read_text() for name in ("alerts.yml", "dashboard.json"))
    named = {job for text in files for job in re.findall(r'job=\\?"([a-z-]+)\\?"', text)}

    assert jobs == {"assets-api", "assets-worker", "assets-engine"}
    assert named
    assert named <= jobs
    assert configuration["rule_files"] == ["alerts.yml"]


def test_the_dashboard_is_one_that_grafana_can_show() -> None:
    dashboard = json.loads((FOLDER / "dashboard.json").read_text())
    panels = dashboard["panels"]
    places = [panel["gridPos"] for panel in panels]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for panel in panels:
        if panel["type"] != "row":
            assert panel["title"]
            assert panel["description"]
            assert panel["targets"]
            for target in panel["targets"]:
                promql.parse(target["expr"])
