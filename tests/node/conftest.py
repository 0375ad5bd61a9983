"""A node on which Pods really run, with the operator's image as built from the work tree, and a workspace beside it."""

import json
from collections.abc import Iterator

import pytest

from chart.helm import Helm
from chart.installation import Installation
from chart.releases import Releases
from devcluster.node import Node, running_node
from devcluster.progress import report_on_terminal
from images.base import DEBIAN
from images.build import Built, build_image
from images.engine import find_engine
from localstack.emulated import Emulator


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
    for name in ("quantumjob-system", "laboratory"):
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        node.cluster.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(manifest))
    return Installation(Releases(helm, node.cluster), node, emulator, "laboratory")
