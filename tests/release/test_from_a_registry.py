"""A release as its users get it: pushed to a registry, installed from there by Helm or kubectl, up to a first job.

With the local workspace in the cluster, and by the commands that the chart's notes print.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from chart.helm import Helm
from chart.releases import RELEASE, SYSTEM, Releases
from devcluster.node import Node, running_node
from devcluster.progress import report_on_terminal
from images.base import DEBIAN
from images.build import NAMES
from localstack.manifests import PROJECT
from node.installing import skip_unless_able
from release.__main__ import make_release
from release.parts import CHECKSUMS
from release.registry import Registry, running_registry

pytestmark = pytest.mark.release

_VERSION: Final = "0.1.0"
_TENANT: Final = "research"
_EXAMPLES: Final = {"bell": {"00", "11"}, "ghz": {"000", "111"}, "qir": {"01", "10"}}


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    """A node that has no image of ours."""
    skip_unless_able()
    with running_node() as running:
        yield running


@pytest.fixture(scope="module")
def registry(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry where the node reaches it."""
    with running_registry(tmp_path_factory.mktemp("registry") / "registry", node.spaces.host) as running:
        node.pull_plainly_from(running.address)
        yield running


@pytest.fixture(scope="module")
def released(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a release, whose images and charts are in the registry."""
    folder = tmp_path_factory.mktemp("release") / "release"
    make_release(folder, registry=f"{registry.address}/quantum", base=DEBIAN, report=report_on_terminal, anew=False)
    for name in NAMES.values():
        registry.take(f"oci-archive:{folder / 'images' / name}.tar", f"quantum/{name}:{_VERSION}")
    for name in ("quantumjob-operator", "quantumjob-workspace"):
        registry.take(f"oci:{folder / 'charts'}:{name}-{_VERSION}", f"charts/{name}:{_VERSION}")
    return folder


@pytest.fixture(scope="module")
def releases(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Releases:
    """Helm and kubectl, and a namespace for the jobs."""
    node.cluster.kubectl("create", "namespace", SYSTEM)
    node.cluster.kubectl("label", "namespace", SYSTEM, "pod-security.kubernetes.io/enforce=restricted")
    node.cluster.kubectl("create", "namespace", _TENANT)
    return Releases(Helm(tmp_path_factory.mktemp("helm"), node.cluster.kubeconfig), node.cluster)


@pytest.fixture(scope="module")
def notes(released: Path, releases: Releases, registry: Registry) -> str:
    """What Helm prints once it has installed the chart of the registry, with the local workspace."""
    del released
    values = {
        "image": {"repository": f"{registry.address}/quantum/{NAMES['operator']}"},
        "emulator": {"enabled": True, "image": {"repository": f"{registry.address}/quantum/{NAMES['emulator']}"}},
    }
    chart = f"oci://{registry.address}/charts/quantumjob-operator"
    return releases.helm.run(
        "install",
        RELEASE,
        chart,
        f"--version={_VERSION}",
        "--plain-http",
        f"--namespace={SYSTEM}",
        "--wait",
        "--timeout=500s",
        values=values,
    )


def commands(notes: str) -> list[str]:
    """The commands of the notes, in their order."""
    return re.findall(r"^  ((?:kubectl|helm) (?:.*\\\n)*.*)$", notes, re.MULTILINE)


def counts(releases: Releases, job: str) -> dict[str, int]:
    """What a job counted."""
    output = releases.get("configmap", f"{job}-output", f"--namespace={_TENANT}")
    found: dict[str, int] = json.loads(output["data"]["counts.json"])
    return found


def test_release_is_whole(released: Path) -> None:
    """Images with their bills, charts, manifests, the client; and the checksums are those of the files."""
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", CHECKSUMS], cwd=released, check=True)
    images = {f"images/{name}.{kind}" for name in NAMES.values() for kind in ("tar", "cdx.json")}
    others = {"install.yaml", "charts/index.json", f"quantumjobs-{_VERSION}-py3-none-any.whl"}
    listed = {line.split("  ")[1] for line in (released / CHECKSUMS).read_text().splitlines()}
    assert images | others <= listed


def test_commands_of_the_notes_lead_to_a_first_job(notes: str, releases: Releases) -> None:
    """Word for word: the workspace in the cluster, a job that is waited for, and `helm test`."""
    for command in commands(notes):
        done = subprocess.run(
            ["bash", "-euc", command],
            env=releases.environment(),
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=700,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    assert len(commands(notes)) == 6
    assert releases.get("quantumjob", "bell", f"--namespace={_TENANT}")["status"]["state"] == "Succeeded"


@pytest.mark.usefixtures("notes")
@pytest.mark.parametrize("name", _EXAMPLES)
def test_example_has_its_counts(releases: Releases, name: str) -> None:
    """Its program ran in the workspace's Pod, without root and under Pod Security's `restricted`."""
    kubectl, place = releases.cluster.kubectl, f"--namespace={_TENANT}"
    kubectl("apply", f"--filename={PROJECT / 'examples' / name}.yaml", place)
    kubectl("wait", "--for=condition=Finished", f"quantumjob/{name}", place, "--timeout=150s", timeout=170)
    assert set(counts(releases, name)) == _EXAMPLES[name]


@pytest.mark.usefixtures("notes")
def test_pods_run_what_was_pulled(releases: Releases, registry: Registry) -> None:
    """By the digest that the archive has."""
    pods = releases.get("pods", f"--namespace={SYSTEM}")["items"]
    running = {one["imageID"] for pod in pods for one in pod["status"]["containerStatuses"]}
    expected = {
        f"{registry.address}/quantum/{name}@{registry.digest(f'quantum/{name}', _VERSION)}" for name in NAMES.values()
    }
    assert running == expected


@pytest.mark.usefixtures("notes")
def test_manifests_of_the_release_replace_it(releases: Releases, released: Path) -> None:
    """After `helm uninstall`, which keeps the definitions and the job that is over."""
    kubectl, place = releases.cluster.kubectl, f"--namespace={SYSTEM}"
    with releases.cluster.refusals_expected():
        releases.uninstall()
        kubectl("wait", "--for=delete", "pods", "--all", place, "--timeout=150s", timeout=170)
    kubectl("apply", "--server-side", "--force-conflicts", f"--filename={released / 'install.yaml'}")
    kubectl("rollout", "status", f"deployment/{RELEASE}", place, "--timeout=150s")
    assert releases.get("quantumjob", "bell", f"--namespace={_TENANT}")["status"]["state"] == "Succeeded"
