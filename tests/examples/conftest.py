"""A namespace on a real API server that serves the CRDs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from devcluster.controlplane import ControlPlane

_CRDS: Final = Path(__file__).parents[2] / "crds"


@pytest.fixture(scope="session")
def namespace(control_plane: ControlPlane) -> Iterator[str]:
    """The name of a namespace of its own for the examples; the CRDs are served."""
    control_plane.kubectl("apply", "--server-side", "-f", _CRDS)
    control_plane.wait_until_established("-f", _CRDS)
    control_plane.kubectl("create", "namespace", "examples")
    yield "examples"
    control_plane.kubectl("delete", "namespace", "examples", "--wait=false")
