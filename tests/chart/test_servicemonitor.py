"""templates/servicemonitor.yaml: Prometheus finds the Service of this release."""

import pytest

from chart.conftest import Render
from chart.helm import OPERATOR_CHART, Helm, HelmError, Rendering, Values
from chart.values import REQUIRED


def monitoring(**values: object) -> Values:
    """Values that switch it on."""
    return {"metrics": {"serviceMonitor": {"enabled": True, **values}}}


def test_there_is_none_by_default(default: Rendering) -> None:
    """Clusters without the Prometheus operator don't know the kind."""
    assert default.all("ServiceMonitor") == []


def test_it_finds_the_service(render: Render) -> None:
    """By labels, port name and namespace."""
    rendering = render(monitoring())
    spec, service = rendering.only("ServiceMonitor")["spec"], rendering.only("Service")
    assert spec["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert spec["namespaceSelector"] == {"matchNames": [service["metadata"]["namespace"]]}
    assert spec["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]


def test_a_workspaces_namespace_is_not_taken_for_the_pods(render: Render) -> None:
    """The metric's own label stays."""
    assert render(monitoring()).only("ServiceMonitor")["spec"]["endpoints"][0]["honorLabels"] is True


def test_it_is_where_and_as_prometheus_selects_it(render: Render) -> None:
    """Namespace, labels, interval and relabelling are values."""
    relabeling = {"targetLabel": "cluster", "replacement": "blue"}
    monitor = render(
        monitoring(
            namespace="monitoring",
            labels={"release": "prometheus"},
            annotations={"a": "b"},
            interval="1m",
            relabelings=[relabeling],
            metricRelabelings=[relabeling],
        )
    ).only("ServiceMonitor")
    assert monitor["metadata"]["namespace"] == "monitoring"
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["metadata"]["annotations"] == {"a": "b"}
    (endpoint,) = monitor["spec"]["endpoints"]
    assert (endpoint["interval"], endpoint["relabelings"], endpoint["metricRelabelings"]) == (
        "1m",
        [relabeling],
        [relabeling],
    )


def test_it_needs_the_service(helm: Helm) -> None:
    """Without one it would watch nothing, silently."""
    values = {"metrics": {"service": {"enabled": False}, "serviceMonitor": {"enabled": True}}}
    with pytest.raises(HelmError, match=r"needs metrics\.service\.enabled"):
        helm.template(OPERATOR_CHART, REQUIRED | values)
