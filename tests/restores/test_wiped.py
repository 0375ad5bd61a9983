"""Status is no memory: whoever loses or wipes it pays nothing, and it comes back."""

import json
from typing import Any, Final

import pytest

from cluster import jobs
from cluster.jobnamespace import JobNamespace, condition_of
from localstack.emulated import Emulator
from restores.runs import ENDLESS, endless, run_status

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

EMPTY: Final[dict[str, Any]] = {}
MINIMAL: Final[dict[str, Any]] = {"observedGeneration": -1}
A_WHILE: Final = 3


def wipe(place: JobNamespace, name: str, left: dict[str, Any]) -> None:
    """Replace the whole status."""
    patch = json.dumps([{"op": "replace", "path": "/status", "value": left}])
    place.kubectl("patch", "quantumjob", name, "--subresource=status", "--type=json", "-p", patch)


@pytest.mark.parametrize("left", [pytest.param(EMPTY, id="nothing is left"), pytest.param(MINIMAL, id="minimal")])
def test_wiped_status_comes_back_and_nothing_is_paid_for_it(
    place: JobNamespace, emulator: Emulator, left: dict[str, Any]
) -> None:
    """Of a job that waits, one that executes, and one that has ended with its output."""
    emulator.behave(targets={**ENDLESS, "rigetti.sim.qvm": {"waiting_seconds": 600}})
    place.apply(jobs.ionq("finished"), endless("executing"), jobs.qir("waiting", jobs.qir_that_flips_the_first()))
    states = {"finished": "Succeeded", "executing": "Executing", "waiting": "Waiting"}
    for name, state in states.items():
        place.wait_state(name, state)
    before = {name: place.status(name) for name in states}
    for name in states:
        wipe(place, name, left)
    for name, state in states.items():
        place.wait_state(name, state)
        after = place.status(name)
        assert (after["jobId"], after["attempt"]) == (before[name]["jobId"], 1)
        assert after["submissionTime"]
        assert len(place.runs(name)) == 1
    assert condition_of(place.job("finished"), "Complete")["status"] == "True"
    assert place.status("finished")["outputConfigMap"] == "finished-output"
    place.delete("executing")
    place.delete("waiting")
    assert (run_status(place, "executing"), run_status(place, "waiting")) == ("Cancelled", "Cancelled")


@pytest.mark.slow
def test_wiped_status_grants_no_further_attempts(place: JobNamespace, emulator: Emulator) -> None:
    """Failures that nobody remembers count towards `backoffLimit` all the same."""
    emulator.behave(executing_seconds=A_WHILE)
    emulator.admin("POST", "faults", {"kind": "failed-run", "code": "ProviderTimeout"})
    place.apply(jobs.ionq("bell", backoffLimit=1))
    place.wait("bell", "jsonpath={.status.attempt}=2")
    place.wait_state("bell", "Executing")
    wipe(place, "bell", EMPTY)
    place.wait("bell", "Failed")
    assert condition_of(place.job("bell"), "Failed")["reason"] == "JobFailed"
    assert [run["status"] for run in place.runs("bell")] == ["Failed", "Failed"]
