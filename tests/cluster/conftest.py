"""One whole system for all cluster tests of a run.

Each test works in namespaces of its own; a test that kills a part or changes a setting starts a stack of its own.
"""

from collections.abc import Iterator

import pytest

from localstack.stack import Stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Control plane, emulator and operator, running, shared by all tests."""
    with Stack.start() as started:
        yield started
