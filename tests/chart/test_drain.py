"""templates/drain.yaml: what runs before an uninstall that takes the definitions along."""

import pytest

from chart.conftest import Render
from chart.helm import Manifest, Rendering, Values
from chart.values import EVERYTHING, NAMESPACED

_DROPPED: Values = {"crds": {"keep": False}}


def hook(rendering: Rendering) -> Manifest:
    """The Job."""
    return rendering.only("Job")


def container(rendering: Rendering) -> Manifest:
    """The container of the Job's pod."""
    (found,) = hook(rendering)["spec"]["template"]["spec"]["containers"]
    return dict(found)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({}, id="definitions stay"),
        pytest.param({"crds": {"keep": False, "enabled": False}}, id="definitions are not the release's"),
    ],
)
def test_without_a_reason_no_job_is_deleted(render: Render, values: Values) -> None:
    """An uninstall takes no definition along, so there is nothing to do before."""
    assert render(values).all("Job") == []


def test_it_runs_before_anything_is_deleted_and_stays_to_be_read_if_it_fails(render: Render) -> None:
    """Once: a second pod would only wait for what the first one waited for."""
    found = hook(render(_DROPPED))
    assert found["metadata"]["annotations"] == {
        "helm.sh/hook": "pre-delete",
        "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
    }
    assert found["spec"]["backoffLimit"] == 0


def test_it_waits_as_long_as_it_is_told(render: Render) -> None:
    """By default less than Helm does."""
    assert container(render(_DROPPED))["args"] == ["drain", "--timeout=240"]
    longer: Values = {"crds": {"keep": False, "drainTimeoutSeconds": 900}}
    assert container(render(longer))["args"] == ["drain", "--timeout=900"]


@pytest.mark.parametrize(
    "values", [pytest.param(EVERYTHING, id="everything"), pytest.param(NAMESPACED, id="namespaced")]
)
def test_it_acts_as_the_operator(render: Render, values: Values) -> None:
    """With its image, account and settings, so in its namespaces."""
    rendering = render(values | {"crds": {**values.get("crds", {}), "keep": False}})
    operator, pod = rendering.container(), hook(rendering)["spec"]["template"]["spec"]
    assert container(rendering)["args"][2:] == operator["args"][1:]
    for field in ("image", "env", "envFrom", "volumeMounts", "securityContext"):
        assert container(rendering).get(field) == operator.get(field)
    for field in ("serviceAccountName", "volumes", "securityContext", "nodeSelector", "tolerations"):
        assert pod.get(field) == rendering.pod().get(field)


def test_its_pod_is_not_taken_for_the_operator(render: Render) -> None:
    """By the Deployment or the Service."""
    rendering = render(_DROPPED)
    labels = hook(rendering)["spec"]["template"]["metadata"]["labels"]
    selected = rendering.only("Service")["spec"]["selector"]
    assert not selected.items() <= labels.items()
