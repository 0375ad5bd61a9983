"""A node on which Pods really run, with the operator's image as built from the work tree, and a workspace beside it."""

from collections.abc import Iterator

import pytest

from chart.helm import Helm
from chart.installation import Installation
from chart.releases import SYSTEM, Releases
from devcluster.node import Node, missing_for_a_node, running_node
from devcluster.progress import report_on_terminal
from images.base import DEBIAN
from images.build import Built, build_image
from images.engine import find_engine
from localstack.emulated import Emulator


@pytest.fixture(scope="session", autouse=True)
def able() -> None:
    """Skip where no node can run; CI counts that as a failure."""
    if missing := missing_for_a_node():
        pytest.skip(f"no node can run here; missing: {'; '.join(missing)} (make system-packages)")


@pytest.fixture(scope="session")
def operator_image(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The operator's image, on a base of Debian's packages: no registry is asked."""
    folder = tmp_path_factory.mktemp("images")
    return build_image("operator", find_engine(), base=DEBIAN, target=folder, report=report_on_terminal)


@pytest.fixture(scope="session")
def node(operator_image: Built) -> Iterator[Node]:
    """A node that has the image."""
    with running_node() as running:
        running.load(operator_image.archive, operator_image.name)
        yield running


@pytest.fixture(scope="session")
def emulator(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A workspace where Pods reach it, which makes each mistake expensive."""
    running = Emulator(tmp_path_factory.mktemp("emulator"), ["--repeated-put=second-run"], host=node.spaces.host)
    running.start()
    yield running
    running.end()


@pytest.fixture(scope="session")
def installation(node: Node, emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """What it takes to install the chart; the namespaces are there, and in both only restricted Pods may run."""
    helm = Helm(tmp_path_factory.mktemp("helm"), node.cluster.kubeconfig)
    for name in (SYSTEM, "laboratory"):
        node.cluster.kubectl("create", "namespace", name)
        node.cluster.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    return Installation(Releases(helm, node.cluster), node, emulator, "laboratory")
