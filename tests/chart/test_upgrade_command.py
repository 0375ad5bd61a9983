"""The upgrade command of docs/install.md, on a release of a chart that is older than this one."""

import subprocess
import tarfile
from pathlib import Path
from typing import Final

import pytest

from chart.helm import OPERATOR_CHART, PROJECT, HelmError, Values
from chart.releases import RELEASE, SYSTEM, Releases
from chart.test_install_guide import GUIDE, commands, run

_BEFORE_THE_EMULATOR: Final = "12625f98cb495a577420a862c532091a20bd0c63"
_OWN: Final[Values] = {"settings": {"workers": 8}, "crds": {"enabled": False}}


@pytest.fixture
def older_chart(tmp_path: Path) -> Path:
    """The operator's chart as it was before it had `emulator` and some more values."""
    archive = tmp_path / "charts.tar"
    asked = ["git", "archive", f"--output={archive}", _BEFORE_THE_EMULATOR, "charts", "crds"]
    done = subprocess.run(asked, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"the project's whole history is needed: {done.stderr}"
    with tarfile.open(archive) as found:
        found.extractall(tmp_path, filter="data")
    return tmp_path / "charts" / "quantumjob-operator"


@pytest.mark.cluster
@pytest.mark.slow
def test_release_of_an_older_chart_is_upgraded_as_the_guide_says(releases: Releases, older_chart: Path) -> None:
    """What was set stays, and what is new gets its default; the older values alone would not do."""
    releases.install(_OWN, chart=older_chart)
    with pytest.raises(HelmError, match="nil pointer"):
        releases.helm.run("upgrade", RELEASE, OPERATOR_CHART, f"--namespace={SYSTEM}", "--reuse-values")
    run(releases, commands(GUIDE, "Upgrading")[0])
    (container,) = releases.get("deployment", RELEASE, f"--namespace={SYSTEM}")["spec"]["template"]["spec"][
        "containers"
    ]
    assert {one["name"]: one["value"] for one in container["env"]} == {"QUANTUMJOB_OPERATOR_WORKERS": "8"}
    assert releases.names("crd") == set(), "the definitions were left to somebody else"


@pytest.mark.parametrize(
    "page",
    sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md"), *PROJECT.glob("charts/**/NOTES.txt")]),
    ids=lambda path: str(path.relative_to(PROJECT)),
)
def test_no_page_upgrades_with_the_values_of_an_older_chart(page: Path) -> None:
    """Only in a sentence on why not."""
    told = page.read_text().replace("\\\n", " ").splitlines()
    assert not [line for line in told if "helm upgrade" in line and " --reuse-values" in line and "`" not in line]
