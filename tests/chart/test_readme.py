"""The READMEs of the charts are made from their values, and what they promise in words is so."""

from pathlib import Path

import pytest
import yaml

from chart.helm import OPERATOR_CHART, PROJECT, WORKSPACE_CHART, documentation
from quantumjob_operator import __version__


@pytest.mark.parametrize("chart", [OPERATOR_CHART, WORKSPACE_CHART], ids=lambda chart: chart.name)
class TestReadme:
    """README.md beside Chart.yaml."""

    def test_it_is_current(self, chart: Path) -> None:
        """After a change of values: `make chart-docs`."""
        assert documentation(chart, dry_run=True).rstrip("\n") == (chart / "README.md").read_text().rstrip("\n")

    def test_every_value_is_explained(self, chart: Path) -> None:
        """No row of the tables is empty."""
        rows = [line for line in (chart / "README.md").read_text().splitlines() if line.startswith("| `")]
        assert rows
        assert [row for row in rows if row.rstrip().endswith("|  |")] == []

    def test_links_lead_somewhere(self, chart: Path) -> None:
        """Within the project."""
        for link in (chart / "README.md").read_text().split("](")[1:]:
            assert (chart / link.split(")")[0]).exists()


def test_chart_installs_the_operator_of_this_tree() -> None:
    """The chart's appVersion is the operator's version."""
    assert yaml.safe_load((OPERATOR_CHART / "Chart.yaml").read_text())["appVersion"] == __version__


def test_workspace_chart_names_the_version_of_the_api() -> None:
    """The one that the CRD stores."""
    crd = yaml.safe_load((PROJECT / "crds" / "quantumjobs.dev_quantumworkspaces.yaml").read_text())
    (version,) = (one["name"] for one in crd["spec"]["versions"] if one["storage"])
    assert yaml.safe_load((WORKSPACE_CHART / "Chart.yaml").read_text())["appVersion"] == version
