"""One running workspace for all tests here, put back to its first settings before each; and jobs to submit to it."""

from collections.abc import Iterator

import httpx
import pytest
from azure.core.credentials import AzureKeyCredential
from azure.quantum import Workspace

from emulator.jobs import Jobs
from emulator.process import RunningEmulator, running_emulator


@pytest.fixture(scope="session")
def shared_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """The process; short stages, repeatable results."""
    flags = ("--waiting-seconds", "0", "--executing-seconds", "0", "--seed", "11")
    with running_emulator(tmp_path_factory.mktemp("emulator"), *flags) as running:
        yield running


@pytest.fixture
def emulator(shared_emulator: RunningEmulator, admin: httpx.Client) -> RunningEmulator:
    """The shared process with its first settings, no faults, and its own API key."""
    admin.delete("/settings").raise_for_status()
    admin.delete("/faults").raise_for_status()
    admin.put("/credentials", json={"api_key": shared_emulator.facts["api_key"]}).raise_for_status()
    return shared_emulator


@pytest.fixture
def admin(shared_emulator: RunningEmulator) -> Iterator[httpx.Client]:
    """A client of the admin route."""
    with shared_emulator.admin() as client:
        yield client


@pytest.fixture
def wire(emulator: RunningEmulator) -> Iterator[httpx.Client]:
    """A client of the workspace that sends what it is told."""
    with emulator.client() as client:
        yield client


@pytest.fixture
def web(shared_emulator: RunningEmulator) -> Iterator[httpx.Client]:
    """A client without a credential, for addresses that carry their own."""
    with shared_emulator.stranger() as client:
        yield client


@pytest.fixture
def jobs(wire: httpx.Client, web: httpx.Client) -> Jobs:
    """Jobs by the raw protocol."""
    return Jobs(wire, web)


@pytest.fixture
def sdk(emulator: RunningEmulator) -> Iterator[Workspace]:
    """The official SDK as a client."""
    facts = emulator.facts
    with Workspace(
        subscription_id=facts["subscription_id"],
        resource_group=facts["resource_group"],
        name=facts["workspace"],
        location=facts["location"],
        credential=AzureKeyCredential(facts["api_key"]),
        _quantum_endpoint=facts["endpoint"],
    ) as workspace:
        yield workspace
