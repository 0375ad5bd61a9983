"""A real Prometheus beside the running operator: its scrape, and what the chart's dashboard and alerts make of it."""

import urllib.request
from collections.abc import Iterator
from typing import Final

import pytest

from chart.dashboard import Query, queries
from chart.helm import OPERATOR_CHART, Helm, Rendering
from chart.prometheus import Prometheus, PrometheusMissing, promtool, running_prometheus
from chart.values import REQUIRED
from cluster import jobs
from cluster.jobnamespace import JobNamespace, eventually
from cluster.test_budgets import budget
from localstack.stack import Stack

pytestmark = pytest.mark.cluster

_RELEASE: Final = "quantumjob-operator"
_FOR_EVER: Final = 1_000_000


@pytest.fixture(scope="module")
def prometheus(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Prometheus, which scrapes the operator as the ServiceMonitor says, and evaluates the alerts."""
    folder = tmp_path_factory.mktemp("prometheus")
    values = {"metrics": {"prometheusRule": {"enabled": True}}}
    rendering = Rendering(Helm(folder / "helm").template(OPERATOR_CHART, REQUIRED | values))
    address = stack.operator.metrics_url.removeprefix("http://").partition("/")[0]
    scrape = {
        "job_name": _RELEASE,
        "honor_labels": True,
        "static_configs": [{"targets": [address], "labels": {"namespace": "quantumjob-system"}}],
    }
    try:
        with running_prometheus(folder, scrape, rendering.only("PrometheusRule")["spec"]["groups"]) as running:
            yield running
    except PrometheusMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def after_jobs(prometheus: Prometheus, stack: Stack) -> Iterator[Prometheus]:
    """After a run of jobs: some succeeded, one is held back, and one is followed for as long as anybody looks."""
    eventually(lambda: prometheus.ask("quantumjob_workqueue_depth"))  # or what the jobs count up would be no increase
    place = JobNamespace.make(stack, "monitored")
    limits = [{"unit": "jobs", "amount": "100"}]
    place.apply(budget(limits=limits, each="Namespace", unknownCost="Allow"))
    place.wait("research", "Ready", kind="quantumbudget")
    place.apply(*(jobs.ionq(f"bell-{number}") for number in range(3)), jobs.ionq("held", workspaceRef={"name": "none"}))
    for number in range(3):
        place.wait(f"bell-{number}")
    place.wait_state("held", "Pending")
    stack.emulator.behave(executing_seconds=_FOR_EVER)
    place.apply(jobs.ionq("runs"))
    place.wait_state("runs", "Executing")
    stack.emulator.admin("DELETE", "settings")
    eventually(lambda: prometheus.ask('quantumjob_jobs{state="Succeeded"} >= 3'))
    yield prometheus
    place.patch("quantumjob", "runs", {"spec": {"cancel": True}})
    place.wait("runs")


@pytest.mark.usefixtures("after_jobs")
def test_scrape_is_as_prometheus_wants_it(stack: Stack) -> None:
    """Names, types and texts of all metrics, by promtool."""
    with urllib.request.urlopen(stack.operator.metrics_url, timeout=10) as answer:  # noqa: S310 - our own address
        said = promtool("check", "metrics", stdin=answer.read().decode())
    assert (said.returncode, said.stderr) == (0, "")


@pytest.mark.parametrize("query", queries(), ids=lambda query: str(query.title))
def test_dashboard_shows_something(after_jobs: Prometheus, query: Query) -> None:
    """Every query of every panel is answered with data after a run of jobs; what happened once has no rate."""
    assert eventually(lambda: [one for one in after_jobs.ask(query.expression) if one["value"][1] != "NaN"])


def test_alerts_are_evaluated(after_jobs: Prometheus) -> None:
    """On the real series, without an error; and none of them fires at a healthy operator."""
    rules = eventually(lambda: [one for one in after_jobs.rules() if one["health"] != "unknown"])
    assert {one["health"] for one in rules} == {"ok"}
    assert "firing" not in {one["state"] for one in rules}


def test_prometheus_reads_the_operator(after_jobs: Prometheus) -> None:
    """With the labels that the alerts ask for."""
    (up,) = after_jobs.ask("up")
    assert (up["metric"]["job"], up["value"][1]) == (_RELEASE, "1")
    (held,) = after_jobs.ask('quantumjob_pending_jobs{reason="WorkspaceNotFound"}')
    assert int(held["value"][1]) >= 1
    ready = after_jobs.ask("quantumjob_workspace_ready")
    assert {one["metric"]["namespace"] for one in ready}.isdisjoint({"quantumjob-system"})
    (spent,) = eventually(lambda: after_jobs.ask('quantumjob_budget_spent{namespace="monitored"} == 3'))
    labels = {"budget": "research", "job_namespace": "monitored", "unit": "jobs"}
    assert labels.items() <= spent["metric"].items()
