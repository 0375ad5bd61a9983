"""What all tests share: one control plane for a run, namespaces, and the rule that CI skips nothing.

Each test that needs an API server works in namespaces of its own. A folder that needs a whole system has a fixture
`stack` with the arguments that suit it.
"""

import asyncio
import itertools
import os
import re
from collections.abc import Generator, Iterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings

from cluster.jobnamespace import JobNamespace
from devcluster.controlplane import ControlPlane
from localstack.emulated import Emulator
from localstack.stack import Stack
from turns import Turns, in_turn

_numbers: Final = itertools.count(1)

# looptime's plugin asks for the current event loop, and on Python 3.11 the policy would make one that nobody closes.
asyncio.set_event_loop(None)

# A busy machine breaks nothing; and in CI the examples are the same each time, so that only a change can break them.
settings.register_profile(
    "project",
    deadline=None,
    print_blob=True,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("project")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Turns | None:
    """Give whole folders to a worker where their files share what takes long."""
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False  # `in_turn` has ordered them
    return Turns(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, where several work; alone, in the order of the files."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items[:] = in_turn(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the operator said of a test that failed; in CI a skipped one has not shown anything, and fails."""
    report = yield
    if os.environ.get("CI") and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped or expected to fail, which CI does not accept"
    place = getattr(item, "funcargs", {}).get("place")
    if report.when == "call" and report.failed and isinstance(place, JobNamespace):
        report.sections.append(("operator's log", place.operator_log()))
    return report


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """A running control plane that all tests share: never stop it or its API server."""
    with ControlPlane.start() as started:
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
