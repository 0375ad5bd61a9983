"""One whole system for the GitOps tests, and a job in every situation on it."""

from collections.abc import Iterator

import pytest

from gitops.states import Object, Situation, bring_about
from localstack.stack import Stack

OPERATOR_ARGS = (
    "--put-start-seconds=2",
    "--request-timeout-seconds=3",
    "--visibility-delay-seconds=0.5",
    "--poll-min-seconds=0.3",
    "--poll-max-seconds=1",
    # An object that leaves stays while other files' tests take their time in between.
    "--cancellation-grace-period-seconds=3600",
)
EMULATOR_ARGS = ("--waiting-seconds=0.1", "--executing-seconds=0.1", "--seed=7")


@pytest.fixture(scope="session")
def idle_stack() -> Iterator[Stack]:
    """Control plane and emulator; the operator has not run yet."""
    with Stack.start(operator_args=OPERATOR_ARGS, emulator_args=EMULATOR_ARGS, start_operator=False) as started:
        yield started


@pytest.fixture(scope="session")
def objects(idle_stack: Stack) -> dict[Situation, Object]:
    """A job of each situation, as the API server told it."""
    return bring_about(idle_stack)


@pytest.fixture
def stack(idle_stack: Stack, objects: dict[Situation, Object]) -> Stack:
    """The system with its operator running, and the jobs of `objects` in it."""
    assert objects
    return idle_stack
