"""One whole system with Flux itself, and a Git repository for each test.

The service bills each mistake: a job that is sent twice runs twice.
"""

from collections.abc import Iterator
from typing import Final

import pytest

from cluster.jobnamespace import JobNamespace
from flux.controllers import Controllers
from flux.delivery import Delivery
from flux.repository import Repositories, served_repositories
from localstack.stack import Stack

_OPERATOR_ARGS: Final = (
    "--put-start-seconds=2",
    "--request-timeout-seconds=3",
    "--visibility-delay-seconds=0.5",
    "--poll-min-seconds=0.3",
    "--poll-max-seconds=1",
)
_EMULATOR_ARGS: Final = ("--waiting-seconds=0.1", "--executing-seconds=0.1", "--seed=7", "--repeated-put=second-run")


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Control plane, emulator and operator, running, shared by all tests."""
    with Stack.start(operator_args=_OPERATOR_ARGS, emulator_args=_EMULATOR_ARGS) as started:
        yield started


@pytest.fixture(scope="session")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repositories]:
    """Where git serves."""
    with served_repositories(tmp_path_factory.mktemp("git")) as serving:
        yield serving


@pytest.fixture(scope="session")
def running_flux(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controllers]:
    """Both controllers, shared by all tests."""
    controllers = Controllers(tmp_path_factory.mktemp("flux"), stack.cluster)
    controllers.install()
    controllers.start()
    yield controllers
    controllers.kill()


@pytest.fixture
def flux(running_flux: Controllers) -> Controllers:
    """Both controllers, running with their defaults; a test that changes that puts it back."""
    if not running_flux.running:
        running_flux.restart()
    return running_flux


@pytest.fixture
def delivery(flux: Controllers, repositories: Repositories, place: JobNamespace) -> Iterator[Delivery]:
    """A repository that is to be delivered into the test's namespace; nothing of it is left at work afterwards."""
    del flux
    yield Delivery(place, repositories.make(place.name))
    # What still waits for its jobs would keep a worker from the tests that follow.
    place.pass_time()
    place.kubectl("delete", "kustomizations.kustomize.toolkit.fluxcd.io", "--all", "--timeout=120s", timeout=150)
    place.kubectl("delete", "gitrepositories", "--all", "--timeout=60s", timeout=90)
