"""Objects that their user has filled as far as etcd goes: Kubernetes stores no more of them, and their jobs run on."""

from collections.abc import Iterator

import pytest

from cluster import jobs
from cluster.jobnamespace import FOR_EVER, JobNamespace, eventually
from hostile.apiserver import ApiServer
from localstack.stack import Stack

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

_WITHIN = 120.0


@pytest.fixture
def place(stack: Stack) -> Iterator[JobNamespace]:
    """A namespace whose jobs run for long."""
    stack.emulator.behave(executing_seconds=FOR_EVER)
    yield JobNamespace.make(stack, "full-objects")
    stack.emulator.admin("DELETE", "settings")


def test_a_job_whose_object_is_full_is_cancelled_and_let_go(stack: Stack, api: ApiServer, place: JobNamespace) -> None:
    """No status is stored any more; without the finalizer the object is smaller, which is stored."""
    place.apply(jobs.ionq("bell"))
    place.wait_state("bell", "Executing")
    with stack.cluster.refusals_expected():
        api.fill(place.name, "quantumjobs", "bell")
        place.delete("bell", wait=False)
        eventually(lambda: [run["status"] for run in place.runs("bell")] == ["Cancelled"], within=_WITHIN)
        eventually(lambda: place.find("quantumjob", "bell") is None, within=_WITHIN)
    assert "is too large" in place.wait_event("bell", "WriteRefused").message
