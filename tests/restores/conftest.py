"""What the tests of restored, copied and replaced objects share.

A system with times short enough for tests and a workspace that charges for every repeated PUT.
"""

from collections.abc import Iterator

import pytest

from localstack.stack import Stack
from restores.runs import EMULATOR_ARGS, OPERATOR_ARGS


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Control plane, emulator and operator, running, shared by all tests but those that bring back an older state."""
    with Stack.start(operator_args=OPERATOR_ARGS, emulator_args=EMULATOR_ARGS) as started:
        yield started
