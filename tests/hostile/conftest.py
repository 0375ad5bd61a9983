"""One system for the tests of hostile input, with the times of back-off as they are in production."""

from collections.abc import Iterator

import pytest

from hostile.apiserver import ApiServer
from localstack.stack import Stack

OPERATOR_ARGS = ("--poll-min-seconds=0.5", "--poll-max-seconds=5", "--visibility-delay-seconds=1")
EMULATOR_ARGS = ("--waiting-seconds=0.1", "--executing-seconds=0.1", "--seed=7", "--no-simulate")


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Control plane, emulator and operator, running."""
    with Stack.start(operator_args=OPERATOR_ARGS, emulator_args=EMULATOR_ARGS) as started:
        yield started


@pytest.fixture(scope="session")
def api(stack: Stack) -> Iterator[ApiServer]:
    """The API server, as the administrator."""
    with ApiServer.connect(stack.cluster) as connected:
        yield connected
