"""values.schema.json: what is mistyped is refused, and what the chart offers is known to it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart.helm import OPERATOR_CHART, WORKSPACE_CHART, Helm, HelmError, Values
from chart.test_environment import ALL_SETTINGS
from chart.values import EMULATED, EVERYTHING, NAMESPACED, REPLICATED, REQUIRED, WORKSPACE

_NOT_IN_VALUES = {"global", "enabled"}


def schema_of(chart: Path) -> dict[str, Any]:
    """The schema of a chart's values."""
    found: dict[str, Any] = json.loads((chart / "values.schema.json").read_text())
    return found


def objects_of(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each schema within a schema that lists properties."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield path, schema
        for key, inner in schema.items():
            yield from objects_of(inner, f"{path}/{key}")
    elif isinstance(schema, list):
        for index, inner in enumerate(schema):
            yield from objects_of(inner, f"{path}/{index}")


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        pytest.param({"image": {}}, "/image/repository", id="no image is published, so its place must be given"),
        pytest.param({"imge": {}}, "additional properties 'imge'", id="a name that does not exist"),
        pytest.param({"settings": {"polMaxSeconds": 3}}, "'polMaxSeconds'", id="a setting that does not exist"),
        pytest.param({"settings": {"poll_max_seconds": 3}}, "'poll_max_seconds'", id="a setting in the wrong case"),
        pytest.param({"settings": {"workers": "many"}}, "/settings/workers", id="a word where a number belongs"),
        pytest.param({"settings": {"logLevel": "TRACE"}}, "/settings/logLevel", id="a level that does not exist"),
        pytest.param({"settings": {"pollMaxSeconds": -1}}, "/settings/pollMaxSeconds", id="a negative time"),
        pytest.param(
            {"settings": {"operatorIdentity": [{"namespace": "a"}]}}, "'workspace'", id="half of an identity's pair"
        ),
        pytest.param(
            {"settings": {"allowedEndpoints": ["https://a.example/path"]}},
            "/settings/allowedEndpoints/0",
            id="no origin",
        ),
        pytest.param({"replicaCount": -1}, "/replicaCount", id="less than no replica"),
        pytest.param({"watchNamespaces": "research"}, "/watchNamespaces", id="a word where a list belongs"),
        pytest.param({"watchNamespaces": ["Research"]}, "/watchNamespaces/0", id="no name of a namespace"),
        pytest.param(
            {"emulator": {"enabled": True}}, "emulator.image.repository", id="a local workspace without its image"
        ),
        pytest.param({"crds": {"enable": True}}, "'enable'", id="a name that does not exist, further down"),
        pytest.param({"resources": {"limit": {}}}, "'limit'", id="a name that does not exist, in resources"),
        pytest.param({"livenessProbe": {"periodSecond": 3}}, "'periodSecond'", id="a name that no probe has"),
        pytest.param({"tolerations": [{"efect": "NoSchedule"}]}, "'efect'", id="a name that no toleration has"),
        pytest.param({"extraEnv": [{"value": "a"}]}, "'name'", id="a variable without a name"),
        pytest.param({"podLabels": {"a": True}}, "/podLabels/a", id="a label that is no text"),
        pytest.param({"proxy": {"httpsProxy": "proxy:3128"}}, "/proxy/httpsProxy", id="a proxy that is no URL"),
        pytest.param({"image": {"repository": "a", "digest": "latest"}}, "/image/digest", id="no digest"),
        pytest.param(
            {"metrics": {"prometheusRule": {"disabled": ["Nothing"]}}}, "/disabled/0", id="an alert that does not exist"
        ),
    ],
)
def test_operator_chart_refuses(helm: Helm, values: Values, complaint: str) -> None:
    """Helm names the value before anything reaches the cluster."""
    with pytest.raises(HelmError) as refusal:
        helm.template(OPERATOR_CHART, REQUIRED | values)
    assert complaint in str(refusal.value)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        pytest.param({"resourceId": ""}, "/resourceId", id="no workspace"),
        pytest.param({"location": "East US"}, "/location", id="no region"),
        pytest.param({"credentials": {}}, "/credentials", id="no way to authenticate"),
        pytest.param(
            {"credentials": WORKSPACE["credentials"] | {"operatorIdentity": {}}},
            "/credentials",
            id="two ways to authenticate",
        ),
        pytest.param({"credentials": {"apiKey": {"key": "secret"}}}, "/credentials/apiKey", id="a key in the values"),
        pytest.param({"maxJobsInFlight": 0}, "/maxJobsInFlight", id="no job at all"),
        pytest.param({"quotaGuard": "Watch"}, "/quotaGuard", id="a guard that does something else"),
        pytest.param({"resourceID": "a"}, "'resourceID'", id="a name that does not exist"),
    ],
)
def test_workspace_chart_refuses(helm: Helm, values: Values, complaint: str) -> None:
    """As the API server would, but before anything is sent."""
    with pytest.raises(HelmError) as refusal:
        helm.template(WORKSPACE_CHART, WORKSPACE | values)
    assert complaint in str(refusal.value)


@pytest.mark.parametrize("chart", [OPERATOR_CHART, WORKSPACE_CHART], ids=lambda chart: chart.name)
class TestCompleteness:
    """The schema and the values tell of the same things."""

    def test_no_object_takes_unknown_names(self, chart: Path) -> None:
        """Wherever names are listed, there are no others; parts of a pod that Kubernetes judges itself list none."""
        open_ones = [path for path, one in objects_of(schema_of(chart)) if one.get("additionalProperties") is not False]
        assert open_ones == (["/definitions/named"] if chart == OPERATOR_CHART else [])

    def test_every_value_is_offered(self, chart: Path) -> None:
        """What the schema lets pass stands in values.yaml, with its comment."""
        values = yaml.safe_load((chart / "values.yaml").read_text())
        for path, one in objects_of(schema_of(chart)):
            names = path.split("/properties/")[1:]
            inner: Any = values
            for name in names:
                inner = inner.get(name) if isinstance(inner, dict) else None
            if path.startswith("/definitions") or not inner or "/items" in path:
                continue
            assert set(one["properties"]) - (set() if path else _NOT_IN_VALUES) == set(inner), path


@pytest.mark.parametrize(
    ("chart", "values"),
    [
        pytest.param(OPERATOR_CHART, REQUIRED, id="operator, required values only"),
        pytest.param(OPERATOR_CHART, REQUIRED | EVERYTHING, id="operator, everything"),
        pytest.param(OPERATOR_CHART, REQUIRED | NAMESPACED, id="operator, namespaced"),
        pytest.param(OPERATOR_CHART, REQUIRED | EMULATED, id="operator, with the local workspace"),
        pytest.param(OPERATOR_CHART, REQUIRED | REPLICATED, id="operator, two replicas"),
        pytest.param(OPERATOR_CHART, REQUIRED | {"settings": ALL_SETTINGS}, id="operator, all settings"),
        pytest.param(
            OPERATOR_CHART, REQUIRED | {"global": {"a": "b"}, "enabled": True}, id="operator, as part of another chart"
        ),
        pytest.param(WORKSPACE_CHART, WORKSPACE, id="workspace"),
    ],
)
def test_lint_finds_nothing(helm: Helm, chart: Path, values: Values) -> None:
    """With --strict, warnings are errors."""
    assert "0 chart(s) failed" in helm.run("lint", "--strict", chart, values=values)
