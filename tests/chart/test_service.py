"""templates/service.yaml: the way to the metrics."""

from chart.conftest import Render
from chart.helm import Rendering
from chart.values import EVERYTHING


def test_it_finds_the_operators_pod_and_port(default: Rendering) -> None:
    """By the Deployment's selector, and not the pod of the test."""
    spec = default.only("Service")["spec"]
    assert spec["selector"] == default.only("Deployment")["spec"]["selector"]["matchLabels"]
    assert [(one["port"], one["targetPort"]) for one in spec["ports"]] == [(8080, "metrics")]
    assert not spec["selector"].items() <= default.only("Pod")["metadata"]["labels"].items()


def test_port_labels_and_annotations_are_values(render: Render) -> None:
    """For scrapers that reconciliation at them."""
    service = render({"metrics": EVERYTHING["metrics"] | {"service": {"port": 9090, "labels": {"a": "b"}}}}).only(
        "Service"
    )
    assert service["spec"]["ports"][0]["port"] == 9090
    assert service["metadata"]["labels"]["a"] == "b"
    annotated = render(EVERYTHING).only("Service")
    assert annotated["metadata"]["annotations"] == {"prometheus.io/scrape": "true"}


def test_it_can_be_left_out(render: Render) -> None:
    """Nothing else needs it."""
    assert render({"metrics": {"service": {"enabled": False}}}).all("Service") == []
