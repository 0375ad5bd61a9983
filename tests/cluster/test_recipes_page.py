"""The commands of docs/recipes.md do what the page says, up to what needs a container engine or Azure."""

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest
import yaml

from cluster.jobnamespace import JobNamespace
from localstack.manifests import PROJECT

_PAGE: Final = (PROJECT / "docs" / "recipes.md").read_text()
_COMMANDS: Final = {
    heading: re.findall(r"^\$ ((?:.*\\\n)*.*)$", body, re.MULTILINE)
    for heading, body in re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", _PAGE, re.DOTALL | re.MULTILINE)
}
_NEEDS_MORE: Final = "From zero"


@pytest.fixture
def environment(place: JobNamespace, tmp_path: Path) -> dict[str, str]:
    """A shell whose kubectl has the test's namespace as its current one."""
    cluster = place.stack.cluster.kubectl_environment()
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(Path(cluster["KUBECONFIG"]).read_text())
    mine = cluster | {"KUBECONFIG": str(kubeconfig)}
    subprocess.run(["kubectl", "config", "set-context", "--current", f"--namespace={place.name}"], env=mine, check=True)
    return mine


def run(heading: str, place: JobNamespace, environment: dict[str, str]) -> str:
    """What a person sees who pastes the commands of a section; the namespaces of the page are the test's."""
    script = "\n".join(["set -euo pipefail", *_COMMANDS[heading]])
    for name in ("research", "quantum-workspaces"):
        script = script.replace(f"--namespace {name}", f"--namespace {place.name}")
    done = subprocess.run(
        ["bash", "-c", script], cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("heading", "told"),
    [
        ("Run the same job again", r"quantumjob.quantumjobs.dev/bell-\w{5} condition met"),
        ("Run it with another number of shots", "quantumjob.quantumjobs.dev/bell-2000 created"),
        ("Read a result a day later", r'{"00": 250, "11": 250}(?s:.*)bell-output'),
        ("Cancel a job", "quantumjob.quantumjobs.dev/bell-cancelled condition met"),
        ("Find out why a job failed", r"InvalidInputData: .*\n(?s:.*)Failed=True \w+: .*\n(?s:.*)Warning"),
        ("Set limits for a team", r"count/quantumjobs.quantumjobs.dev +0 +50"),
    ],
)
def test_commands_of_a_section(place: JobNamespace, environment: dict[str, str], heading: str, told: str) -> None:
    """Each command ends well, and what is printed answers the question."""
    assert re.search(told, run(heading, place, environment))


def test_a_pending_job_tells_what_blocks_it(place: JobNamespace, environment: dict[str, str]) -> None:
    """The message names the field."""
    bell = yaml.safe_load((PROJECT / "examples" / "bell.yaml").read_text())
    place.apply({**bell, "spec": {**bell["spec"], "suspend": True}})
    place.wait_state("bell", "Suspended")
    assert "spec.suspend" in run("Find out why a job does not start", place, environment)


def test_every_section_is_run_or_says_why_not() -> None:
    """Those at the end need what a test does not have."""
    headings = list(_COMMANDS)
    assert [heading for heading in headings if heading.startswith(_NEEDS_MORE)] == headings[7:]
