"""The CRDs, served by a real API server."""

from collections.abc import Iterator

import pytest

from crds.manifests import FULL_JOB, FULL_WORKSPACE, SMALLEST_JOB, SMALLEST_WORKSPACE
from crds.server import CRD_FOLDER, NAMESPACE, CustomResources
from devcluster.controlplane import ControlPlane


@pytest.fixture(scope="session")
def served(control_plane: ControlPlane) -> Iterator[ControlPlane]:
    """A control plane that serves the CRDs, with a namespace for these tests."""
    control_plane.kubectl("apply", "--server-side", "-f", CRD_FOLDER)
    control_plane.wait_until_established("-f", CRD_FOLDER)
    control_plane.kubectl("create", "namespace", NAMESPACE)
    yield control_plane
    control_plane.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


@pytest.fixture(scope="session")
def resources(served: ControlPlane) -> Iterator[CustomResources]:
    """The custom resources; the manifests named smallest and full stand there already."""
    with CustomResources.connect(served.kubeconfig) as connected:
        for manifest in (SMALLEST_JOB, FULL_JOB, SMALLEST_WORKSPACE, FULL_WORKSPACE):
            assert connected.create(manifest).message == ""
        yield connected
