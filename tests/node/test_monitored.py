"""A real Prometheus finds the installed operator as its ServiceMonitor says, and answers what the dashboard asks."""

import itertools
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from chart.dashboard import Query, queries
from chart.installation import Installation, bell, until
from chart.prometheus import Prometheus, PrometheusMissing, running_prometheus
from chart.releases import RELEASE, SYSTEM
from cluster.test_budgets import budget
from devcluster.node import Node
from localstack.manifests import Manifest
from node.installing import REPLICAS

pytestmark = pytest.mark.node

_META: Final = "__meta_kubernetes"


def scrape_configuration(monitor: Manifest, targets: list[dict[str, Any]]) -> dict[str, Any]:
    """What the Prometheus operator makes of a ServiceMonitor with one endpoint, as far as ours uses its fields."""
    (endpoint,) = monitor["spec"]["endpoints"]
    labels = monitor["spec"]["selector"]["matchLabels"]
    wanted = {label_of_service(name): value for name, value in labels.items()}
    wanted[f"{_META}_endpoint_port_name"] = endpoint["port"]
    kept = {"namespace": "namespace", "service": "service_name", "job": "service_name", "pod": "pod_name"}
    return {
        "job_name": f"serviceMonitor/{monitor['metadata']['namespace']}/{monitor['metadata']['name']}/0",
        "honor_labels": endpoint["honorLabels"],
        "metrics_path": endpoint["path"],
        "static_configs": targets,
        "relabel_configs": [
            *({"action": "keep", "source_labels": [label], "regex": value} for label, value in wanted.items()),
            *({"source_labels": [f"{_META}_{source}"], "target_label": label} for label, source in kept.items()),
        ],
    }


def label_of_service(name: str) -> str:
    """What discovery calls a label of a Service."""
    return f"{_META}_service_label_{re.sub(r'[^a-zA-Z0-9_]', '_', name)}"


def discovered(installed: Installation, namespace: str) -> list[dict[str, Any]]:
    """What Prometheus' discovery of endpoints finds in a namespace: Debian's package is built without it."""
    place = f"--namespace={namespace}"
    services = {one["metadata"]["name"]: one for one in installed.releases.get("services", place)["items"]}
    found = []
    for part in installed.releases.get("endpointslices", place)["items"]:
        service = services[part["metadata"]["labels"]["kubernetes.io/service-name"]]
        shared = {label_of_service(name): value for name, value in service["metadata"]["labels"].items()}
        shared |= {f"{_META}_namespace": namespace, f"{_META}_service_name": service["metadata"]["name"]}
        for endpoint, port in itertools.product(part["endpoints"], part["ports"]):
            own = {
                f"{_META}_endpoint_port_name": port["name"],
                f"{_META}_pod_name": endpoint["targetRef"]["name"],
            }
            found.append({"targets": [f"{endpoint['addresses'][0]}:{port['port']}"], "labels": shared | own})
    return found


@pytest.fixture(scope="module")
def prometheus(installed: Installation, node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Prometheus in the network of the Pods, with the alerts that were installed."""
    place = f"--namespace={SYSTEM}"
    monitor = installed.releases.get("servicemonitor", RELEASE, place)
    groups = installed.releases.get("prometheusrule", RELEASE, place)["spec"]["groups"]
    namespaces = monitor["spec"]["namespaceSelector"]["matchNames"]
    targets = [one for namespace in namespaces for one in discovered(installed, namespace)]
    scrape, folder = scrape_configuration(monitor, targets), tmp_path_factory.mktemp("prometheus")
    try:
        with running_prometheus(folder, scrape, groups, host=node.spaces.address, within=node.networked) as running:
            yield running
    except PrometheusMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def after_jobs(prometheus: Prometheus, installed: Installation) -> Prometheus:
    """After a run of jobs within a budget: some succeeded, one is held back."""
    limits = [{"unit": "jobs", "amount": "1000"}]
    installed.apply(budget(limits=limits, each="Namespace", unknownCost="Allow"))
    installed.kubectl("wait", "--for=condition=Ready", "quantumbudget/research", "--timeout=150s", timeout=170)
    # Or what the jobs count up would be no increase.
    until(lambda: len(prometheus.ask("quantumjob_workqueue_depth")) == REPLICAS)
    names = [f"monitored-{number}" for number in range(3)]
    held = bell("held")
    held["spec"]["workspaceRef"] = {"name": "none"}
    installed.apply(*map(bell, names), held)
    installed.finish(*names)
    until(lambda: bool(prometheus.ask('sum(quantumjob_jobs{state="Succeeded"}) >= 3')))
    return prometheus


def test_every_pod_is_found_and_one_leads(after_jobs: Prometheus) -> None:
    """With the labels that the alerts ask for."""
    found = after_jobs.ask("up")
    assert [one["value"][1] for one in found] == ["1"] * REPLICAS
    assert {(one["metric"]["job"], one["metric"]["namespace"]) for one in found} == {(RELEASE, SYSTEM)}
    assert [one["value"][1] for one in after_jobs.ask("sum(quantumjob_leader)")] == ["1"]


@pytest.mark.parametrize("query", queries(), ids=lambda query: str(query.title))
def test_dashboard_shows_something(after_jobs: Prometheus, query: Query) -> None:
    """Every query of every panel is answered with data after a run of jobs."""
    until(lambda: any(one["value"][1] != "NaN" for one in after_jobs.ask(query.expression)))


def test_alerts_are_evaluated_and_none_fires(after_jobs: Prometheus) -> None:
    """On the real series, without an error."""
    until(lambda: "unknown" not in {one["health"] for one in after_jobs.rules()})
    assert {one["health"] for one in after_jobs.rules()} == {"ok"}
    assert "firing" not in {one["state"] for one in after_jobs.rules()}


def test_what_is_held_back_is_seen(after_jobs: Prometheus, installed: Installation) -> None:
    """By its reason; and it is not there any more once it is deleted."""
    held = 'sum(quantumjob_pending_jobs{reason="WorkspaceNotFound"}) > 0'
    until(lambda: bool(after_jobs.ask(held)))
    installed.kubectl("delete", "quantumjob", "held", "--timeout=150s")
    until(lambda: not after_jobs.ask(held))
