"""A node on which Pods really run, with the operator's image as built from the work tree, and a workspace beside it.

One node and one installation serve all files of a run; `test_uninstalled.py` and what comes after it run last.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chart.helm import Helm
from chart.installation import WAIT, Installation
from chart.monitoring import DEFINITIONS
from chart.releases import RELEASE, SYSTEM, Releases
from cluster.identities import Directory
from devcluster.node import Node, running_node
from devcluster.processes import free_port
from devcluster.proxy import TlsProxy
from images.build import Built
from images.recipe import PROJECT
from localstack.emulated import Emulator
from node.installing import AUTHORITIES, REPLICAS, Identity, operator_image_in, resident_mib, skip_unless_able, values


@pytest.fixture(scope="session", autouse=True)
def able() -> None:
    """Skip where no node can run."""
    skip_unless_able()


@pytest.fixture(scope="session")
def commit() -> str:
    """What the work tree stands on before the image is built: somebody may commit meanwhile."""
    told = subprocess.run(["git", "rev-parse", "HEAD"], cwd=PROJECT, capture_output=True, text=True, check=True)
    return told.stdout.strip()


@pytest.fixture(scope="session")
def operator_image(commit: str, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The operator's image."""
    assert commit
    return operator_image_in(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="session")
def node(operator_image: Built) -> Iterator[Node]:
    """A node that has the image."""
    begun = time.monotonic()
    with running_node() as running:
        print(f"a node that is Ready: {time.monotonic() - begun:.1f} s")  # noqa: T201 - the figure
        running.load(operator_image.archive, operator_image.name)
        yield running


@pytest.fixture(scope="session")
def emulator(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A workspace with an identity provider where Pods reach both, which makes each mistake expensive."""
    arguments = ["--repeated-put=second-run", f"--entra-port={free_port()}"]
    running = Emulator(tmp_path_factory.mktemp("emulator"), arguments, host=node.spaces.host)
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


@pytest.fixture(scope="session")
def directory(installation: Installation) -> Directory:
    """The identity provider, which trusts this cluster."""
    made = Directory(installation)
    made.trust_cluster()
    return made


@pytest.fixture(scope="session")
def secured(node: Node, emulator: Emulator) -> Iterator[TlsProxy]:
    """The workspace over TLS."""
    with TlsProxy.start(emulator.url, host=node.spaces.host) as running:
        yield running


@pytest.fixture(scope="session")
def identity(directory: Directory, emulator: Emulator, secured: TlsProxy) -> Identity:
    """The application that the operator's own ServiceAccount may be."""
    application = directory.new_application()
    directory.federate(application, SYSTEM, RELEASE)
    return Identity(application, emulator.announced["entra_authority"], secured.url)


@pytest.fixture(scope="session")
def installed(installation: Installation, operator_image: Built, identity: Identity, secured: TlsProxy) -> Installation:
    """The operator as `helm install --wait` leaves it, and a workspace."""
    kubectl = installation.releases.cluster.kubectl
    kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(DEFINITIONS))
    authorities = [Path(installation.emulator.announced["entra_ca_file"]), secured.ca_file]
    bundle = "".join(path.read_text() for path in authorities)
    kubectl("create", "configmap", AUTHORITIES, f"--from-literal=ca.crt={bundle}", f"--namespace={SYSTEM}")
    begun = time.monotonic()
    installation.releases.install(values(installation, operator_image, identity), *WAIT)
    taken, used = time.monotonic() - begun, [resident_mib(pod) for pod in installation.operators()]
    print(f"helm install --wait of {REPLICAS} replicas: {taken:.1f} s; memory of each: {used} MiB")  # noqa: T201 - figures
    installation.make_workspace()
    return installation
