"""Each further attempt is billed once, because the spec asks for it, also when the operator is killed in between."""

from typing import Any, Final

import pytest

from cluster import jobs
from cluster.jobnamespace import JobNamespace, condition_of, eventually
from localstack.emulated import Emulator
from localstack.stack import Stack
from restores.runs import ENDLESS, endless

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

SLOW_ANSWER: Final = {"least": 1.5, "most": 1.5}
SOON: Final = "--timeout=20s"
"""Before the service would be asked a second time to cancel the same attempt."""


def suspend(place: JobNamespace, name: str, *, suspended: bool) -> None:
    """Set `spec.suspend`."""
    place.patch("quantumjob", name, {"spec": {"suspend": suspended}})


def test_killed_operator_resumes_a_suspended_job_once(stack: Stack, place: JobNamespace, emulator: Emulator) -> None:
    """Killed while the job is suspended, and again between the effect and the answer of the second attempt's PUT."""
    emulator.behave(targets=ENDLESS)
    place.apply(endless("ghz"))
    place.wait_state("ghz", "Executing")
    suspend(place, "ghz", suspended=True)
    place.wait_state("ghz", "Suspended")
    stack.operator.kill()
    emulator.behave(put_delay_after=SLOW_ANSWER)
    suspend(place, "ghz", suspended=False)
    stack.operator.start()
    eventually(lambda: len(place.runs("ghz")) == 2)
    stack.operator.kill()
    emulator.behave(put_delay_after={})
    assert place.status("ghz").get("jobId") is None
    stack.operator.start()
    place.wait_state("ghz", "Executing")
    shown = place.status("ghz")
    assert shown["attempt"] == 2
    assert [(one["attempt"], one["state"], one["reason"]) for one in shown["attempts"]] == [
        (1, "Cancelled", "Suspended")
    ]
    place.kubectl("delete", "quantumjob", "ghz", SOON)
    assert [run["status"] for run in place.runs("ghz")] == ["Cancelled", "Cancelled"]
    assert len({run["job"] for run in place.runs("ghz")}) == 2


def test_each_attempt_can_be_cancelled_right_after_the_one_before(place: JobNamespace, emulator: Emulator) -> None:
    """That one attempt was cancelled a moment ago is no reason to let the next one run on."""
    emulator.behave(targets=ENDLESS)
    place.apply(endless("ghz"))
    for attempt in (1, 2):
        place.wait("ghz", f"jsonpath={{.status.attempt}}={attempt}")
        place.wait_state("ghz", "Executing")
        suspend(place, "ghz", suspended=True)
        place.kubectl("wait", "quantumjob/ghz", "--for=condition=Suspended", SOON)
        suspend(place, "ghz", suspended=False)
    place.wait("ghz", "jsonpath={.status.attempt}=3")
    place.kubectl("delete", "quantumjob", "ghz", SOON)
    assert [run["status"] for run in place.runs("ghz")] == ["Cancelled"] * 3


@pytest.mark.slow
def test_transient_failure_is_followed_by_one_more_paid_attempt(
    stack: Stack, place: JobNamespace, emulator: Emulator
) -> None:
    """The pause between two attempts outlives the operator; the second attempt succeeds, and both are accounted for."""
    emulator.admin("POST", "faults", {"kind": "failed-run", "code": "ProviderTimeout", "count": 1})
    place.apply(jobs.ionq("bell", backoffLimit=2))
    held = place.wait_reason("bell", "Submitted", "Retrying")
    assert "ProviderTimeout" in held["message"]
    stack.operator.kill()
    stack.operator.start()
    place.wait("bell", "Complete")
    shown = place.status("bell")
    assert [(one["attempt"], one["state"]) for one in shown["attempts"]] == [(1, "Failed"), (2, "Succeeded")]
    assert shown["failedAttempts"] == 1
    assert place.output("bell")["counts.json"]
    assert [run["status"] for run in place.runs("bell")] == ["Failed", "Succeeded"]


@pytest.mark.parametrize(
    ("code", "spec"),
    [
        pytest.param("InvalidInputData", {"backoffLimit": 2}, id="a code that no repetition would fix"),
        pytest.param("", {"backoffLimit": 2}, id="no code at all"),
        pytest.param("ProviderTimeout", {}, id="a transient code and no backoffLimit"),
    ],
)
def test_other_failures_are_final(place: JobNamespace, emulator: Emulator, code: str, spec: dict[str, Any]) -> None:
    """Nobody asked to pay for more."""
    emulator.admin("POST", "faults", {"kind": "failed-run", "code": code, "count": 1})
    place.apply(jobs.ionq("bell", **spec))
    place.wait("bell", "Failed")
    assert condition_of(place.job("bell"), "Failed")["reason"] == "JobFailed"
    assert [run["status"] for run in place.runs("bell")] == ["Failed"]
