"""files/alerts.yaml under the real promtool: each alert fires, not too early, and is over when its cause is."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart.conftest import Render
from chart.firing import JOB, POD, STORIES, Story
from chart.prometheus import PrometheusMissing, prometheus_binaries, promtool


@pytest.fixture(scope="module", autouse=True)
def _promtool() -> None:
    try:
        prometheus_binaries()
    except PrometheusMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def rules(render: Render, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The groups of the PrometheusRule, as Prometheus reads them."""
    spec = render({"metrics": {"prometheusRule": {"enabled": True}}}).only("PrometheusRule")["spec"]
    file = tmp_path_factory.mktemp("rules") / "rules.yml"
    file.write_text(yaml.safe_dump(spec))
    return file


def test_rules_are_valid(rules: Path) -> None:
    """As Prometheus reads them, whatever our own parser of PromQL makes of them."""
    said = promtool("check", "rules", rules)
    assert (said.returncode, said.stderr) == (0, "")


def test_every_alert_has_its_story(rules: Path) -> None:
    """In which it fires."""
    alerts = [one["alert"] for one in yaml.safe_load(rules.read_text())["groups"][0]["rules"]]
    assert {story.alert for story in STORIES if story.firing} == set(alerts)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: f"{story.alert}: {story.about}")
def test_alert(rules: Path, tmp_path: Path, story: Story) -> None:
    """It fires in its minutes, with labels and words, and in none before and after."""
    (rule,) = (one for one in yaml.safe_load(rules.read_text())["groups"][0]["rules"] if one["alert"] == story.alert)
    labels = rule["labels"] | story.labels

    def expected(minute: int) -> list[Any]:
        fires = minute in story.firing
        return [{"exp_labels": labels, "exp_annotations": _filled(rule["annotations"], labels)}] if fires else []

    looks = [
        {"eval_time": f"{minute}m", "alertname": story.alert, "exp_alerts": expected(minute)}
        for minute in sorted((*story.quiet, *story.firing))
    ]
    series = [{"series": _scraped(name), "values": values} for name, values in story.series.items()]
    test = {"interval": "1m", "input_series": series, "alert_rule_test": looks}
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": [test]}))
    said = promtool("test", "rules", file)
    assert said.returncode == 0, said.stdout + said.stderr


def _filled(annotations: dict[str, str], labels: dict[str, str]) -> Any:
    """Annotations with the values of labels, as Prometheus fills them in."""
    return json.loads(re.sub(r"{{ \$labels\.(\w+) }}", lambda found: labels.get(found[1], ""), json.dumps(annotations)))


def _scraped(series: str) -> str:
    """A series with the labels that Prometheus adds, unless it has others."""
    name, _, rest = series.partition("{")
    given = [one for one in rest.rstrip("}").split(", ") if one]
    known = {one.partition("=")[0] for one in given}
    added = [f'{label}="{value}"' for label, value in (("job", JOB), ("pod", POD)) if label not in known]
    return f"{name}{{{', '.join([*given, *added])}}}"
