"""install.yaml of a release: what the chart installs, for `kubectl apply`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from chart.releases import CRDS, RELEASE, SYSTEM, Releases
from release.parts import write_manifests

_REGISTRY: Final = "registry.example.org/quantum"


@pytest.fixture
def manifests(tmp_path: Path) -> Path:
    """One for images of a registry."""
    path = tmp_path / "install.yaml"
    write_manifests(path, _REGISTRY)
    return path


@pytest.fixture
def applied(releases: Releases, manifests: Path) -> Iterator[Releases]:
    """A cluster to which it was applied."""
    releases.cluster.kubectl("apply", "--server-side", "--filename", manifests)
    releases.served()
    yield releases
    releases.cluster.kubectl("delete", "--ignore-not-found", "--filename", manifests)


def test_nothing_of_it_is_a_hook(manifests: Path) -> None:
    """`kubectl apply` would take it for an object like the others."""
    assert "helm.sh/hook" not in manifests.read_text()


@pytest.mark.cluster
@pytest.mark.slow
def test_one_apply_installs_everything(applied: Releases) -> None:
    """The kinds are served, the Deployment has the image of the registry, and its account may do its work."""
    deployment = applied.get("deployment", RELEASE, f"--namespace={SYSTEM}")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"{_REGISTRY}/quantumjob-operator:0.1.0"
    account = f"--as=system:serviceaccount:{SYSTEM}:{RELEASE}"
    assert "yes" in applied.cluster.kubectl("auth", "can-i", "patch", "quantumjobs/status", account).stdout


@pytest.mark.cluster
@pytest.mark.slow
def test_helm_takes_it_over_as_the_guide_says(applied: Releases) -> None:
    """And keeps the definitions with all objects of their kinds."""
    before = applied.get("crd", CRDS[0])["metadata"]["uid"]
    applied.install({}, "--take-ownership", "--force-conflicts")
    assert applied.get("crd", CRDS[0])["metadata"]["uid"] == before
