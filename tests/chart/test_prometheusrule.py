"""templates/prometheusrule.yaml and files/alerts.yaml: alerts on series that the operator really has."""

import json
import re

import pytest
import yaml

from chart.conftest import Render
from chart.helm import OPERATOR_CHART, Manifest, Rendering, Values
from chart.metricnames import asked_for, offered

_ALERTS = [one["alert"] for one in yaml.safe_load((OPERATOR_CHART / "files" / "alerts.yaml").read_text())]


def rules(rendering: Rendering) -> list[Manifest]:
    """The rules of the one group."""
    (group,) = rendering.only("PrometheusRule")["spec"]["groups"]
    found: list[Manifest] = group["rules"]
    return found


@pytest.fixture(scope="module")
def alerts(render: Render) -> dict[str, Manifest]:
    """The alerts as they are rendered, by name."""
    return {one["alert"]: one for one in rules(render(alerting()))}


def alerting(**values: object) -> Values:
    """Values that switch them on."""
    return {"metrics": {"prometheusRule": {"enabled": True, **values}}}


def test_there_is_none_by_default(default: Rendering) -> None:
    """Clusters without the Prometheus operator don't know the kind."""
    assert default.all("PrometheusRule") == []


@pytest.mark.parametrize("name", _ALERTS)
def test_alert_asks_for_series_that_exist(alerts: dict[str, Manifest], name: str) -> None:
    """With labels that they have, and of this release's operator only."""
    series = offered()
    found = list(asked_for(alerts[name]["expr"]))
    assert found
    for metric, labels in found:
        assert labels <= series[metric]
        assert "job" in labels


@pytest.mark.parametrize("name", _ALERTS)
def test_alert_tells_what_it_means(alerts: dict[str, Manifest], name: str) -> None:
    """A severity, a summary and what to do; nothing is named that the expression does not leave."""
    alert = alerts[name]
    assert alert["labels"]["severity"] in {"critical", "warning", "info"}
    assert set(alert["annotations"]) == {"summary", "description"}
    named = set(re.findall(r"\$labels\.(\w+)", json.dumps(alert)))
    assert named <= {label for _, labels in asked_for(alert["expr"]) for label in labels} | {"namespace", "workspace"}


def test_alerts_are_about_the_service_of_this_release(render: Render) -> None:
    """The label `job` is the name of the Service."""
    rendering = render(alerting() | {"fullnameOverride": "blue"})
    name = rendering.only("Service")["metadata"]["name"]
    assert all(f'job="{name}"' in one["expr"] for one in rules(rendering))


def test_alerts_can_be_left_out_and_added(render: Render) -> None:
    """By name, and as they are."""
    own = {"record": "quantumjob:waiting", "expr": 'sum(quantumjob_jobs{state="Waiting"})'}
    found = rules(render(alerting(disabled=[_ALERTS[0]], additionalRules=[own])))
    assert [one.get("alert") for one in found] == [*_ALERTS[1:], None]
    assert found[-1] == own


def test_it_is_where_and_as_prometheus_selects_it(render: Render) -> None:
    """Namespace, labels and annotations are values."""
    values = alerting(namespace="monitoring", labels={"release": "prometheus"}, annotations={"a": "b"})
    metadata = render(values).only("PrometheusRule")["metadata"]
    assert metadata["namespace"] == "monitoring"
    assert metadata["labels"]["release"] == "prometheus"
    assert metadata["annotations"] == {"a": "b"}
