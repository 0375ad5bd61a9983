"""What all tests share: one control plane for a run, and the rule that CI skips nothing.

Each test that needs an API server works in namespaces of its own.
"""

import asyncio
import os
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from devcluster.controlplane import ControlPlane

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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that was skipped, or was expected to fail, has not shown anything: it fails."""
    report = yield
    if os.environ.get("CI") and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped or expected to fail, which CI does not accept"
    return report


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """A running control plane that all tests share: never stop it or its API server."""
    with ControlPlane.start() as started:
        yield started
