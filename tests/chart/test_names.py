"""templates/_names.tpl: what objects are called and labelled, under any release name."""

import pytest

from chart.conftest import Render
from chart.helm import OPERATOR_CHART, Helm, Rendering, Values
from chart.values import EVERYTHING, REQUIRED


@pytest.mark.parametrize(
    ("release", "values", "expected"),
    [
        pytest.param("quantumjob-operator", {}, "quantumjob-operator", id="a release named as the chart"),
        pytest.param("blue", {}, "blue-quantumjob-operator", id="another release"),
        pytest.param("blue", {"nameOverride": "qj"}, "blue-qj", id="with another name for the chart"),
        pytest.param("blue", {"fullnameOverride": "qj"}, "qj", id="with another name altogether"),
        pytest.param("a" * 53, {}, "a" * 50, id="a release with the longest name that Helm allows"),
        pytest.param("a" * 49 + "-b", {}, "a" * 49, id="cut where a dash would be last"),
    ],
)
def test_objects_are_called(helm: Helm, release: str, values: Values, expected: str) -> None:
    """Short enough for every kind, and the same for all of them."""
    text = helm.run("template", release, OPERATOR_CHART, values=REQUIRED | values)
    assert Rendering(text).only("Deployment")["metadata"]["name"] == expected
    assert Rendering(text).only("ServiceAccount")["metadata"]["name"] == expected


def test_common_labels_are_on_every_object(render: Render) -> None:
    """Beside those that Kubernetes recommends."""
    for one in render(EVERYTHING).objects:
        if one["kind"] != "Pod":
            labels = one["metadata"]["labels"]
            assert labels["team"] == "platform"
            assert labels["app.kubernetes.io/instance"] == "quantumjob-operator"
            assert labels["app.kubernetes.io/managed-by"] == "Helm"


def test_common_label_changes_no_selector(render: Render) -> None:
    """An upgrade would fail: a Deployment's selector is immutable."""
    rendering = render({"commonLabels": {"app.kubernetes.io/name": "mine", "team": "platform"}})
    assert rendering.only("Deployment")["spec"]["selector"]["matchLabels"] == {
        "app.kubernetes.io/name": "quantumjob-operator",
        "app.kubernetes.io/instance": "quantumjob-operator",
    }


def test_another_namespace_is_meant_everywhere(render: Render) -> None:
    """Objects, subjects and addresses."""
    rendering = render({"namespaceOverride": "quantum"})
    assert {one["metadata"].get("namespace", "quantum") for one in rendering.objects} == {"quantum"}
    assert rendering.only("ClusterRoleBinding")["subjects"][0]["namespace"] == "quantum"
    assert ".quantum.svc:" in rendering.only("Pod")["spec"]["containers"][0]["args"][-1]
