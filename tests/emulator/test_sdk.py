"""The official SDK is the judge of the emulator: everything a user of it does, it must be able to do here."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.quantum import Job, Session, Workspace
from azure.quantum.target import IonQ, Quantinuum
from qdk import qsharp

from emulator.jobs import BELL, Jobs

GHZ_QASM = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[3];
creg c[3];
h q[0];
cx q[0], q[1];
cx q[1], q[2];
measure q -> c;
"""


def target(sdk: Workspace, name: str) -> Any:
    """Return one target of the workspace."""
    return sdk.get_targets(name)


def finished(job: Job) -> Job:
    """Return a job once it is final."""
    job.wait_until_completed(max_poll_wait_secs=1, timeout_secs=60, print_progress=False)
    return job


def test_the_targets_of_all_providers_are_listed(sdk: Workspace) -> None:
    """Every target for which the SDK has a class comes as that class."""
    targets = {found.name: type(found) for found in sdk.get_targets()}
    assert targets["ionq.simulator"] is IonQ
    assert targets["quantinuum.sim.h2-1e"] is Quantinuum
    assert {name.partition(".")[0] for name in targets} == {"ionq", "quantinuum", "rigetti", "pasqal"}


def test_an_ionq_circuit_gives_exact_probabilities(sdk: Workspace) -> None:
    """A Bell pair without noise is half 00 and half 11."""
    job = target(sdk, "ionq.simulator").submit(BELL, name="bell", shots=500)
    assert finished(job).details.status == "Succeeded"
    assert job.get_results() == {"histogram": {"0": 0.5, "3": 0.5}}


def test_a_quantinuum_program_gives_one_string_a_shot(sdk: Workspace) -> None:
    """A GHZ state in OpenQASM 2 gives all zeros or all ones."""
    job = target(sdk, "quantinuum.sim.h2-1e").submit(GHZ_QASM, name="ghz", shots=200)
    results = finished(job).get_results()
    assert set(results["c"]) == {"000", "111"}
    assert len(results["c"]) == 200


def test_a_qir_program_gives_a_histogram(sdk: Workspace) -> None:
    """A Q# program, compiled to QIR by qdk and uploaded by the SDK, really runs."""
    qsharp.init(target_profile=qsharp.TargetProfile.Base)
    program = qsharp.compile("{ use q = Qubit(); X(q); let one = MResetZ(q); one }")
    job = target(sdk, "rigetti.sim.qvm").submit(program, name="qir", shots=50)
    assert finished(job).get_results() == {"[1]": 1.0} or job.get_results() == {"1": 1.0}


def test_a_broken_program_fails_with_the_reason(sdk: Workspace) -> None:
    """The job is Failed and says why."""
    job = finished(target(sdk, "ionq.simulator").submit({"qubits": 1, "circuit": [{"gate": "warp", "target": 0}]}))
    assert job.details.status == "Failed"
    assert job.details.error_data.code == "InvalidInputData"
    assert "warp" in job.details.error_data.message


def test_lists_of_more_than_two_pages_arrive_whole(sdk: Workspace, admin: httpx.Client, jobs: Jobs) -> None:
    """The SDK follows the links and finds each job once, and only those that the filter names."""
    admin.put("/settings", json={"waiting_seconds": 3600})
    wanted = jobs.queue(205, name="paged-alpha")
    jobs.queue(3, name="paged-beta")
    now = datetime.now(UTC)
    found = sdk.list_jobs(
        name_match="paged-alpha",
        provider=["ionq", "rigetti"],
        target=["ionq.simulator"],
        status=["Waiting", "Executing"],
        job_type=["QuantumComputing"],
        created_after=now - timedelta(days=2),
        created_before=now + timedelta(days=2),
        orderby_property="CreationTime",
        is_asc=False,
    )
    assert [job.id for job in found] == wanted[::-1]


def test_a_listed_job_gives_its_results(sdk: Workspace) -> None:
    """Lists carry expired signatures; the SDK asks for a new one and reads the output."""
    name = f"listed-{uuid.uuid4()}"
    finished(target(sdk, "ionq.simulator").submit(BELL, name=name))
    (listed,) = sdk.list_jobs(name_match=name)
    assert listed.get_results() == {"histogram": {"0": 0.5, "3": 0.5}}


def test_a_job_is_cancelled(sdk: Workspace, admin: httpx.Client) -> None:
    """Cancelling a waiting job ends it as Cancelled, without error, begin or end."""
    admin.put("/settings", json={"waiting_seconds": 3600})
    job = target(sdk, "ionq.simulator").submit(BELL)
    cancelled = finished(sdk.cancel_job(job)).details
    assert cancelled.status == "Cancelled"
    assert cancelled.cancellation_time is not None
    assert (cancelled.begin_execution_time, cancelled.end_execution_time, cancelled.error_data) == (None, None, None)


def test_a_cancellation_answered_with_204_is_understood(sdk: Workspace, admin: httpx.Client) -> None:
    """The SDK accepts the empty answer of the service as well."""
    admin.put("/settings", json={"waiting_seconds": 3600, "cancel_answer": "empty"})
    job = target(sdk, "ionq.simulator").submit(BELL)
    assert sdk.cancel_job(job).details.status == "Cancelled"


def test_name_and_tags_are_updated(sdk: Workspace) -> None:
    """PATCH changes what it may change."""
    job = target(sdk, "ionq.simulator").submit(BELL, name="before")
    job.update(name="after", tags=["x"], priority="High")
    assert (job.details.name, job.details.tags, job.details.priority) == ("after", ["x"], "High")
    assert finished(job).details.name == "after"


def test_a_deleted_record_is_gone(sdk: Workspace) -> None:
    """DELETE removes the record."""
    job = finished(target(sdk, "ionq.simulator").submit(BELL))
    job.delete()
    assert job.id not in [found.id for found in sdk.list_jobs(name_match=job.details.name)]


def test_a_session_opens_takes_jobs_and_closes(sdk: Workspace) -> None:
    """Jobs join the open session, are listed by it, and closing ends it as Succeeded."""
    ionq = target(sdk, "ionq.simulator")
    with ionq.open_session(name="sweep") as session:
        submitted = [finished(ionq.submit(BELL, name=f"in-session-{number}")).id for number in range(2)]
        assert session.refresh().details.status == "Executing"
    assert session.details.status == "Succeeded"
    assert sorted(job.id for job in session.list_jobs()) == sorted(submitted)
    assert session.id in [found.id for found in sdk.list_sessions(target=["ionq.simulator"])]


def test_a_session_ends_with_its_first_failure(sdk: Workspace) -> None:
    """With the policy Abort, a failed job makes the session Failed, and it takes no more jobs."""
    session = Session(workspace=sdk, target="ionq.simulator", id=str(uuid.uuid4()), job_failure_policy="Abort").open()
    ionq = target(sdk, "ionq.simulator")
    ionq.latest_session = session
    finished(ionq.submit({"qubits": 1, "circuit": [{"gate": "warp", "target": 0}]}))
    assert session.refresh().details.status == "Failed"
    with pytest.raises(Exception, match="takes no more jobs"):
        ionq.submit(BELL)


def test_quotas_say_what_is_used(sdk: Workspace) -> None:
    """A run uses up some of its provider's quota."""

    def used() -> float:
        quotas = {quota["providerId"]: quota for quota in sdk.get_quotas()}
        assert quotas["ionq"]["limit"] > quotas["ionq"]["utilization"] + quotas["ionq"]["holds"]
        return float(quotas["ionq"]["utilization"])

    before = used()
    finished(target(sdk, "ionq.simulator").submit(BELL))
    assert used() > before


def test_workspaces_of_the_second_kind_say_what_is_used(sdk: Workspace, admin: httpx.Client) -> None:
    """The SDK has the call, without a method of its own for people."""
    asked = (sdk.subscription_id, sdk.resource_group, sdk.name)
    list_usages = sdk._client.services.quotas.list_workspace_usages
    with pytest.raises(ResourceNotFoundError):
        list(list_usages(*asked, provider_id="ionq"))
    admin.put("/settings", json={"workspace_kind": "V2"})
    finished(target(sdk, "ionq.simulator").submit(BELL))
    (row,) = list_usages(*asked, provider_id="ionq")
    assert (row.provider_id, row.scope, row.last_modified_time.tzinfo is not None) == ("ionq", "Target", True)
    assert row.usage["standardMinutesLifetime"] > 0


def test_results_of_placeholder_runs_are_labelled(sdk: Workspace, admin: httpx.Client) -> None:
    """Without simulation the result is a fixed body that says so, in the blob's metadata too."""
    admin.put("/settings", json={"simulate": False})
    job = finished(target(sdk, "ionq.simulator").submit(BELL))
    assert "placeholder" in job.get_results()["notSimulated"]
    assert job.download_blob_properties(job.details.output_data_uri).metadata == {"simulated": "false"}
