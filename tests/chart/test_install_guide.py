"""The commands of docs/install.md and of the README do what the page says, up to what needs a container engine."""

import re
import subprocess
from collections.abc import Iterator

import pytest

from chart.helm import OPERATOR_CHART, PROJECT
from chart.releases import CRDS, RELEASE, SYSTEM, Releases
from nodestandin.node import Node

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

GUIDE = (PROJECT / "docs" / "install.md").read_text()
_README = (PROJECT / "README.md").read_text()
_NEEDS_A_CONTAINER_ENGINE = "docker "
_PLATFORM = "quantum-workspaces"


def commands(text: str, heading: str) -> list[list[str]]:
    """The shell commands of each console block under a heading."""
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    blocks = re.findall(r"```console\n(.*?)```", section, re.DOTALL)
    return [re.findall(r"^\$ ((?:.*\\\n)*.*)$", block, re.MULTILINE) for block in blocks]


def run(releases: Releases, *blocks: list[str]) -> None:
    """Run commands as somebody would paste them, in the project's folder."""
    for command in (one for block in blocks for one in block if not one.startswith(_NEEDS_A_CONTAINER_ENGINE)):
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=PROJECT,
            env=releases.environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"


def pause(releases: Releases) -> None:
    """End the operator, which would ask Azure about the workspace of the guide."""
    paused = ("--reset-then-reuse-values", "--set=replicaCount=0", "--wait", "--timeout=60s")
    releases.helm.run("upgrade", RELEASE, OPERATOR_CHART, f"--namespace={SYSTEM}", *paused)
    releases.cluster.kubectl("wait", "--for=delete", "pods", "--all", f"--namespace={SYSTEM}", "--timeout=30s")


@pytest.fixture
def empty(releases: Releases) -> Iterator[Releases]:
    """A cluster on which nobody has followed the guide yet."""
    yield releases
    releases.cluster.kubectl("delete", "namespace", SYSTEM, "research", _PLATFORM, "--ignore-not-found")
    releases.cluster.kubectl("delete", "--ignore-not-found", "-f", PROJECT / "config" / "rbac")


def test_install_and_remove_with_helm(empty: Releases) -> None:
    """Operator, workspace, first job, one namespace only, upgrade; and afterwards nothing is left."""
    empty.cluster.kubectl("delete", "namespace", "research", _PLATFORM, "--ignore-not-found")
    operator, *others = commands(GUIDE, "With Helm")
    with Node.start(empty.cluster):
        run(empty, operator)
        pause(empty)
    run(empty, *others, commands(GUIDE, "Upgrading")[0])
    ours = "quantumjobs,quantumworkspaces,secrets"
    assert empty.names(ours, "--namespace=research") == {"quantumjob.quantumjobs.dev/bell"}
    assert empty.names(ours, f"--namespace={_PLATFORM}") == {
        "quantumworkspace.quantumjobs.dev/default",
        "secret/azure-quantum",
        "secret/sh.helm.release.v1.default-workspace.v1",
    }
    for namespace in ("research", _PLATFORM):
        assert empty.names("role", f"--namespace={namespace}") == {"role.rbac.authorization.k8s.io/quantumjob-operator"}
    empty.served()
    run(empty, commands(GUIDE, "Removing it")[0])
    assert empty.helm.run("list", "--all-namespaces", "--no-headers").strip() == ""
    assert empty.names("crd", *CRDS) == set()


def test_change_from_kubectl_to_helm(empty: Releases) -> None:
    """What was applied by hand becomes part of the release."""
    run(empty, *commands(GUIDE, "Without Helm"))
    run(empty, commands(GUIDE, "Upgrading")[1])
    role = empty.get("clusterrole", "quantumjob-operator")
    assert role["metadata"]["annotations"]["meta.helm.sh/release-namespace"] == SYSTEM


def test_readme_installs_as_the_guide_does() -> None:
    """Its commands are the first ones of the guide."""
    (block,) = commands(_README, "Install")
    assert block == commands(GUIDE, "With Helm")[0][: len(block)]
