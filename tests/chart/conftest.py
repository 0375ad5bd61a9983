"""What the chart's tests share: helm, a shorthand for rendering, and a control plane of their own.

A control plane of their own, because releases own the CRDs that other tests apply.
"""

import json
from collections.abc import Callable, Iterator

import pytest

from chart.helm import OPERATOR_CHART, Helm, Rendering, Values
from chart.installation import Installation
from chart.releases import Releases
from chart.values import REQUIRED
from devcluster.controlplane import ControlPlane
from localstack.emulated import Emulator
from nodestandin.node import Node

Render = Callable[[Values], Rendering]


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """Helm without a cluster."""
    return Helm(tmp_path_factory.mktemp("helm"))


@pytest.fixture(scope="session")
def render(helm: Helm) -> Render:
    """Renders the operator's chart with some values beside the required ones; objects are shared: leave them alone."""
    known: dict[str, Rendering] = {}

    def rendered(values: Values) -> Rendering:
        key = json.dumps(values, sort_keys=True)
        if key not in known:
            known[key] = Rendering(helm.template(OPERATOR_CHART, REQUIRED | values))
        return known[key]

    return rendered


@pytest.fixture(scope="session")
def default(render: Render) -> Rendering:
    """The operator's chart with no more than the required values."""
    return render({})


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """A running control plane for the chart's tests."""
    with ControlPlane.start() as started:
        yield started


@pytest.fixture(scope="session")
def cluster_helm(tmp_path_factory: pytest.TempPathFactory, control_plane: ControlPlane) -> Helm:
    """Helm as the administrator of the control plane."""
    return Helm(tmp_path_factory.mktemp("cluster-helm"), control_plane.kubeconfig)


@pytest.fixture
def releases(cluster_helm: Helm, control_plane: ControlPlane) -> Iterator[Releases]:
    """A control plane with nothing of ours on it, before and after."""
    clean = Releases(cluster_helm, control_plane)
    yield clean
    clean.clean()


@pytest.fixture(scope="module")
def installation(
    cluster_helm: Helm, control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """A cluster with a node and nothing of ours on it, and a workspace beside it that makes each mistake expensive."""
    emulator = Emulator(tmp_path_factory.mktemp("emulator"), ["--repeated-put=second-run"])
    try:
        emulator.start()
        with Node.start(control_plane) as node:
            empty = Installation(Releases(cluster_helm, control_plane), node, emulator, "laboratory")
            yield empty
            empty.clean()
    finally:
        emulator.end()
