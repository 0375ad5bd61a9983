"""One whole system for all cluster tests of a run, with times short enough for tests.

Each test works in a namespace of its own, with a QuantumWorkspace and a Secret of its own. What a test changes in the
emulator is put back after it; whatever it stops, it starts again.
"""

from collections.abc import Iterator
from typing import Final

import pytest
from azure.core.credentials import AzureKeyCredential
from azure.quantum import Workspace

from devcluster.controlplane import ControlPlane
from devcluster.processes import free_port
from localstack.emulated import Emulator
from localstack.stack import Stack

# A 404 is fenced for 1 + 3 + 1 seconds, so that a test can wait for the end of doubt.
OPERATOR_ARGS: Final = (
    "--put-start-seconds=1",
    "--request-timeout-seconds=3",
    "--visibility-delay-seconds=1",
    "--cancellation-grace-period-seconds=6",
    "--poll-min-seconds=0.3",
    "--poll-max-seconds=2",
    "--queue-position-seconds=1",
)
EMULATOR_ARGS: Final = ("--waiting-seconds=0.2", "--executing-seconds=0.2", "--seed=7")


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """A running control plane for tests of the dev cluster itself: never stop it or its API server."""
    with ControlPlane.start() as started:
        yield started


@pytest.fixture(scope="session")
def refusing_origin() -> str:
    """An endpoint that the operator is allowed to use, and where nobody listens."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="session")
def stack(refusing_origin: str) -> Iterator[Stack]:
    """Control plane, emulator and operator, running, shared by all tests."""
    operator_args = [*OPERATOR_ARGS, f"--allowed-endpoints={refusing_origin}"]
    with Stack.start(operator_args=operator_args, emulator_args=EMULATOR_ARGS) as started:
        yield started


@pytest.fixture
def sdk(emulator: Emulator) -> Iterator[Workspace]:
    """The official SDK, as a client of the same workspace."""
    told = emulator.announced
    with Workspace(
        subscription_id=told["subscription_id"],
        resource_group=told["resource_group"],
        name=told["workspace"],
        location=told["location"],
        credential=AzureKeyCredential(emulator.api_key),
        _quantum_endpoint=f"{emulator.url}/",
    ) as workspace:
        yield workspace
