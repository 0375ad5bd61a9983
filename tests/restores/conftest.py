"""What the tests of restored, copied and replaced objects share.

A system with times short enough for tests and a workspace that charges for every repeated PUT.
"""

import itertools
import re
from collections.abc import Generator, Iterator
from typing import Final

import pytest

from cluster.jobnamespace import JobNamespace
from localstack.emulated import Emulator
from localstack.stack import Stack
from restores.runs import EMULATOR_ARGS, OPERATOR_ARGS

_numbers: Final = itertools.count(1)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Control plane, emulator and operator, running, shared by all tests but those that bring back an older state."""
    with Stack.start(operator_args=OPERATOR_ARGS, emulator_args=EMULATOR_ARGS) as started:
        yield started


@pytest.fixture
def emulator(stack: Stack) -> Emulator:
    """The workspace at Azure; `place` puts its settings back after the test."""
    return stack.emulator


@pytest.fixture
def place(stack: Stack, emulator: Emulator, request: pytest.FixtureRequest) -> Iterator[JobNamespace]:
    """A namespace of the test's own, with a QuantumWorkspace `default` that leads to the emulator."""
    plain = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower().removeprefix("test_"))
    yield JobNamespace.make(stack, f"{plain[:50].strip('-')}-{next(_numbers)}")
    emulator.admin("DELETE", "settings")
    emulator.admin("DELETE", "faults")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the operator said about the namespace of a test that failed."""
    report = yield
    place = getattr(item, "funcargs", {}).get("place")
    if report.when == "call" and report.failed and isinstance(place, JobNamespace):
        report.sections.append(("operator's log", place.operator_log()))
    return report
