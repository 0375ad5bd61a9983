"""What the tests of tenants share: one system, a fresh namespace for each test, and a server that misbehaves."""

import itertools
from collections.abc import Iterator
from typing import Final

import pytest

from cluster.jobnamespace import JobNamespace
from localstack.stack import Stack
from rooms.azure.conftest import server, transport

__all__ = ["server", "transport"]

OPERATOR_ARGS: Final = (
    "--put-start-seconds=1",
    "--request-timeout-seconds=3",
    "--visibility-delay-seconds=1",
    "--poll-min-seconds=0.3",
    "--poll-max-seconds=2",
)
EMULATOR_ARGS: Final = ("--no-simulate", "--waiting-seconds=0.1", "--executing-seconds=0.1", "--seed=7")
_numbers: Final = itertools.count(1)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Control plane, emulator and operator, running."""
    with Stack.start(operator_args=OPERATOR_ARGS, emulator_args=EMULATOR_ARGS) as started:
        yield started


@pytest.fixture
def place(stack: Stack) -> Iterator[JobNamespace]:
    """The namespace of the tenant who tries it, with a QuantumWorkspace of its own."""
    yield JobNamespace.make(stack, f"tenant-{next(_numbers)}")
    stack.emulator.admin("DELETE", "settings")
    stack.emulator.admin("DELETE", "faults")


@pytest.fixture
def victim(stack: Stack) -> JobNamespace:
    """Another tenant's namespace, with a QuantumWorkspace that leads to the same Azure workspace."""
    return JobNamespace.make(stack, f"victim-{next(_numbers)}")
