"""templates/dashboard.yaml and files/dashboard.json: a dashboard of series that the operator really has."""

import itertools
import json
from typing import Any

import pytest

from chart.conftest import Render
from chart.helm import OPERATOR_CHART, Rendering, Values
from chart.metricnames import asked_for, offered

_DASHBOARD: dict[str, Any] = json.loads((OPERATOR_CHART / "files" / "dashboard.json").read_text())
_PANELS: list[dict[str, Any]] = _DASHBOARD["panels"]
_ON: Values = {"metrics": {"dashboard": {"enabled": True}}}


def test_there_is_none_by_default(default: Rendering) -> None:
    """Not everybody has Grafana's sidecar."""
    assert default.all("ConfigMap") == []


def test_config_map_holds_the_dashboard_unchanged(render: Render) -> None:
    """Grafana's templates are not Helm's."""
    (text,) = render(_ON).only("ConfigMap")["data"].values()
    assert json.loads(text) == _DASHBOARD


def test_sidecar_finds_it(render: Render) -> None:
    """By the customary label, in the namespace that is watched."""
    assert render(_ON).only("ConfigMap")["metadata"]["labels"]["grafana_dashboard"] == "1"
    values = {"enabled": True, "namespace": "monitoring", "annotations": {"grafana_folder": "Quantum"}}
    metadata = render({"metrics": {"dashboard": values}}).only("ConfigMap")["metadata"]
    assert (metadata["namespace"], metadata["annotations"]) == ("monitoring", {"grafana_folder": "Quantum"})


@pytest.mark.parametrize("panel", _PANELS, ids=lambda panel: panel["title"])
def test_panel_asks_for_series_that_exist(panel: dict[str, Any]) -> None:
    """With labels that they have, and its legend names none that is summed away."""
    series = offered()
    for target in panel["targets"]:
        found = list(asked_for(target["expr"]))
        assert found
        for metric, labels in found:
            assert labels <= series[metric]
            assert all(f"{{{{{label}}}}}" not in target["legendFormat"] for label in series[metric] - labels)


def test_panels_do_not_overlap() -> None:
    """Each has its own place on the grid of 24 columns."""
    taken = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in _PANELS
        for x, y in itertools.product(range(panel["gridPos"]["w"]), range(panel["gridPos"]["h"]))
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24
