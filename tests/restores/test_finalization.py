"""What jobs need goes before they do: the service is still asked to cancel them, or a warning tells that it was not."""

import pytest

from cluster.jobnamespace import JobNamespace, eventually
from localstack.emulated import Emulator
from localstack.manifests import Manifest
from localstack.stack import Stack
from restores.runs import ENDLESS, endless, operator_stopped, run_status

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

MANY = 50


def test_namespace_with_many_running_jobs_goes_when_all_are_cancelled(place: JobNamespace, emulator: Emulator) -> None:
    """Jobs, workspace and Secret are deleted in one go, in whatever order; within two minutes all is over."""
    emulator.behave(targets=ENDLESS, cancelling_seconds=0.5)
    names = [f"ghz-{number}" for number in range(MANY)]
    place.apply(*(endless(name) for name in names))
    runs = eventually(lambda: executing(place, names), within=90)
    assert len({run["job"] for run in runs}) == MANY
    place.stack.cluster.kubectl("delete", "namespace", place.name, "--timeout=120s", timeout=150)
    assert [run_status(place, name) for name in names] == ["Cancelled"] * MANY


def executing(place: JobNamespace, names: list[str]) -> list[Manifest]:
    """The runs of all of these jobs, once all execute; none before."""
    mine = [run for run in place.stack.emulator.ledger() if run["metadata"]["quantumjobs_namespace"] == place.name]
    return mine if [run["status"] for run in mine] == ["Executing"] * len(names) else []


def test_workspace_that_is_deleted_first_stays_until_its_jobs_have_ended(
    place: JobNamespace, emulator: Emulator
) -> None:
    """Its finalizer holds it, its jobs are polled and cancelled through it, and then it goes by itself."""
    emulator.behave(targets=ENDLESS)
    place.apply(endless("ghz"))
    place.wait_state("ghz", "Executing")
    place.kubectl("delete", "quantumworkspace", "default", "--wait=false")
    place.apply(endless("late"))
    told = place.wait_reason("late", "Submitted", "WorkspaceNotReady")
    assert "is being deleted" in told["message"]
    workspace = place.find("quantumworkspace", "default")
    assert workspace
    assert workspace["metadata"]["finalizers"] == ["quantumjobs.dev/in-use"]
    place.delete("ghz")
    assert run_status(place, "ghz") == "Cancelled"
    assert "CancellationUnconfirmed" not in [one.reason for one in place.events("ghz")]
    place.wait("default", "delete", kind="quantumworkspace")
    place.delete("late")
    assert place.runs("late") == []


@pytest.mark.parametrize(
    ("restarted", "left", "warned"),
    [
        pytest.param(False, "Cancelled", False, id="the process still holds the credential"),
        pytest.param(True, "Executing", True, id="a new process has no credential", marks=pytest.mark.slow),
    ],
)
def test_secret_that_is_deleted_first(
    stack: Stack, place: JobNamespace, emulator: Emulator, *, restarted: bool, left: str, warned: bool
) -> None:
    """A job is cancelled with the credential that is held in memory, or released with a warning after the grace."""
    emulator.behave(targets=ENDLESS)
    place.apply(endless("ghz"))
    place.wait_state("ghz", "Executing")
    place.kubectl("delete", "secret", "quantum-credentials")
    # A change of the workspace makes the operator look for its Secret at once.
    place.patch("quantumworkspace", "default", {"spec": {"maxJobsInFlight": 5}})
    place.wait("default", "Ready=False", kind="quantumworkspace")
    if restarted:
        with operator_stopped(stack):
            place.delete("ghz", wait=False)
        place.wait("ghz", "delete")
    else:
        place.delete("ghz")
    assert run_status(place, "ghz") == left
    assert ("CancellationUnconfirmed" in [one.reason for one in place.events("ghz")]) is warned
