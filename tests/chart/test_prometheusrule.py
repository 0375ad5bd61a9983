"""templates/prometheusrule.yaml and files/alerts.yaml: alerts on series that the operator really has."""

import json
import re

import pytest
import yaml

from chart.conftest import Render
from chart.helm import OPERATOR_CHART, PROJECT, HelmError, Manifest, Rendering, Values
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
    assert set(alert["annotations"]) == {"summary", "description", "runbook"}
    named = set(re.findall(r"\$labels\.(\w+)", json.dumps(alert)))
    assert named <= {label for _, labels in asked_for(alert["expr"]) for label in labels} | {"namespace", "workspace"}


@pytest.mark.parametrize("name", _ALERTS)
def test_alert_leads_to_a_heading_of_its_own_name(alerts: dict[str, Manifest], name: str) -> None:
    """In the project's own pages, with some words below it."""
    path, _, anchor = alerts[name]["annotations"]["runbook"].partition("#")
    assert anchor == name.lower()
    (words,) = re.findall(rf"^### {name}\n\n(\w.*)$", (PROJECT / path).read_text(), re.MULTILINE)
    assert words


def test_no_heading_is_of_an_alert_that_is_gone() -> None:
    """In the order in which the chart has them."""
    part = (PROJECT / "docs" / "operations.md").read_text().partition("\n## Alerts\n")[2].partition("\n## ")[0]
    assert re.findall(r"^### (\w+)$", part, re.MULTILINE) == _ALERTS


def test_alerts_lead_to_the_pages_where_they_are_published(render: Render) -> None:
    """By the annotation that Alertmanager's templates know; the path says nothing new then."""
    found = rules(render(alerting(docsUrl="https://git.example.org/quantum/blob/main/docs")))
    begin = "https://git.example.org/quantum/blob/main/docs/operations.md#"
    assert [one["annotations"]["runbook_url"] for one in found] == [begin + name.lower() for name in _ALERTS]
    assert not any("runbook" in one["annotations"] for one in found)


@pytest.mark.parametrize("url", ["https://git.example.org/docs/", "git.example.org/docs", "https://a/docs#x"])
def test_url_that_the_page_can_not_be_joined_to_is_refused(render: Render, url: str) -> None:
    """A slash at its end would be there twice."""
    with pytest.raises(HelmError, match="docsUrl"):
        render(alerting(docsUrl=url))


def test_every_alert_can_be_left_out(render: Render) -> None:
    """The schema knows all names."""
    assert not rules(render(alerting(disabled=_ALERTS)))


def test_alerts_are_about_the_service_of_this_release(render: Render) -> None:
    """The label `job` is the name of the Service; alerts have it too, or two releases' would be one in Alertmanager."""
    rendering = render(alerting() | {"fullnameOverride": "blue"})
    name = rendering.only("Service")["metadata"]["name"]
    assert all(f'job="{name}"' in one["expr"] for one in rules(rendering))
    assert {one["labels"]["job"] for one in rules(rendering)} == {name}


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
