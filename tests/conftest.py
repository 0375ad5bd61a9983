"""One control plane for all tests of a run that need an API server.

Each test works in namespaces of its own.
"""

from collections.abc import Iterator

import pytest

from devcluster.controlplane import ControlPlane


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """A running control plane that all tests share: never stop it or its API server."""
    with ControlPlane.start() as started:
        yield started
