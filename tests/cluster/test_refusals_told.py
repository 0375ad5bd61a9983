"""What the service says of a job stands in `status.error`, in words for people, and quotes no program of a Secret."""

import json
import re
from typing import Final

import pytest

from cluster import jobs
from cluster.jobnamespace import FOR_EVER, JobNamespace, condition_of
from localstack.emulated import Emulator
from localstack.manifests import Manifest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

TEXT: Final = "TOPSECRET_algorithm_line_one=42 more secret text here"
QASM: Final = jobs.QASM_HEADER + "topsecretgate q[0];\nmeasure q -> c;\n"
_FUNCTION: Final = re.compile(r"\b[a-z]+_(job|jobs|program|output|uri|status|token)\b")


def everything_told(place: JobNamespace, name: str) -> str:
    """Status, Events and what stands beside them, as text."""
    job = place.job(name)
    return json.dumps([job["status"], place.events(name)])


@pytest.mark.parametrize(
    ("operation", "status"),
    [("create-job", 403), ("create-job", 429), ("get-sas-uri", 403), ("get-job", 403)],
    ids=["submitting is forbidden", "submitting is throttled", "storage is forbidden", "looking is forbidden"],
)
def test_a_refusal(place: JobNamespace, emulator: Emulator, operation: str, status: int) -> None:
    """Code and words are in `status.error` while it lasts, and gone afterwards; nobody reads a function's name."""
    fault = {"operation": operation, "kind": "status-before", "status": status, "code": "NotToday"}
    emulator.admin("POST", "faults", fault)
    place.apply(jobs.ionq("bell"))
    place.wait("bell", "jsonpath={.status.error.code}=NotToday")
    assert place.status("bell")["error"]["message"]
    assert f"HTTP {status}" in condition_of(place.job("bell"), "Submitted")["message"]
    assert _FUNCTION.search(everything_told(place, "bell")) is None
    emulator.admin("DELETE", "faults")
    place.wait("bell", "Complete")
    assert "error" not in place.status("bell")


def test_a_refused_definition(place: JobNamespace) -> None:
    """What ends the job is in `status.error`, too."""
    manifest = jobs.ionq("bell")
    place.apply({**manifest, "spec": {**manifest["spec"], "target": "ionq.abacus"}})
    place.wait("bell")
    error = place.status("bell")["error"]
    assert error["code"] == "InvalidJobDefinition"
    assert "ionq.abacus" in error["message"]
    assert _FUNCTION.search(everything_told(place, "bell")) is None


def test_a_workspace_that_is_refused(place: JobNamespace, emulator: Emulator) -> None:
    """The condition of a QuantumWorkspace has no name of a function either."""
    emulator.admin("POST", "faults", {"operation": "get-provider-status", "kind": "status-before", "status": 403})
    place.apply(place.workspace("forbidden"))
    message = place.wait_reason("forbidden", "Ready", "Refused", kind="quantumworkspace")["message"]
    assert "HTTP 403" in message
    assert _FUNCTION.search(message) is None


def from_secret(form: str, provider: str, target: str, **parameters: str) -> Manifest:
    """A job whose program stands in the Secret `sp`."""
    program = {"format": form, "secretKeyRef": {"name": "sp", "key": "p"}}
    return jobs.job("bell", provider=provider, target=target, program=program, parameters={"shots": 100} | parameters)


@pytest.mark.parametrize(
    ("program", "job", "quoted", "place_told"),
    [
        pytest.param(
            TEXT,
            from_secret("qir.v1", "rigetti", "rigetti.sim.qvm", entryPoint="main"),
            "TOPSECRET",
            "",
            id="LLVM text that is none",
        ),
        pytest.param(
            QASM,
            from_secret("honeywell.openqasm.v1", "quantinuum", "quantinuum.sim.h2-1e"),
            "topsecretgate",
            "line 5",
            id="OpenQASM with an unknown gate",
        ),
    ],
)
def test_a_program_from_a_secret_is_not_quoted(
    place: JobNamespace, program: str, job: Manifest, quoted: str, place_told: str
) -> None:
    """Who may read the job, but not the Secret, learns the code and the place of the mistake."""
    place.apply(jobs.secret("sp", {"p": program}, kind="quantumjobs.dev/program"), job)
    place.wait("bell")
    error = place.status("bell")["error"]
    assert error["code"]
    assert place_told in error["message"]
    assert "stands in a Secret" in error["message"]
    assert place.wait_event("bell", "JobFailed")
    assert quoted not in everything_told(place, "bell")
    assert quoted not in place.stack.operator.log.read_text()


def test_a_program_in_the_job_is_quoted(place: JobNamespace) -> None:
    """The same mistake in an inline program is told with the service's own words."""
    place.apply(jobs.quantinuum("bell", QASM))
    place.wait("bell")
    assert "topsecretgate" in place.status("bell")["error"]["message"]


def test_an_error_while_it_runs_is_gone_when_it_goes_on(place: JobNamespace, emulator: Emulator) -> None:
    """A refused request to cancel is shown, and no longer than it is true."""
    emulator.behave(executing_seconds=FOR_EVER)
    place.apply(jobs.ionq("bell"))
    place.wait_state("bell", "Executing")
    emulator.admin("POST", "faults", {"operation": "cancel-job", "kind": "status-before", "status": 403, "code": "No"})
    place.patch("quantumjob", "bell", {"spec": {"cancel": True}})
    place.wait("bell", "jsonpath={.status.error.code}=No")
    emulator.admin("DELETE", "faults")
    place.wait("bell")
    assert place.status("bell")["state"] == "Cancelled"
    assert "error" not in place.status("bell")
