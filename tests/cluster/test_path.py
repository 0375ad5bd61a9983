"""From `kubectl apply` to the counts in a ConfigMap, as a user with kubectl and the official SDK sees it."""

import base64
import json
import re
from typing import Any

import pytest
import yaml
from azure.quantum import Workspace

from cluster import jobs
from cluster.jobnamespace import FOR_EVER, JobNamespace, Told, condition_of, eventually
from localstack.emulated import Emulator
from localstack.manifests import PROJECT, Manifest

pytestmark = pytest.mark.cluster

FLIPPED = {"001": jobs.SHOTS}


def results_of_sdk(sdk: Workspace, job_id: str) -> Any:
    """What the official SDK makes of a job's output."""
    return sdk.get_job(job_id).get_results()


def rows_of(table: str) -> list[dict[str, str]]:
    """The rows of what kubectl prints, by the names of their columns; empty cells are blanks."""
    header, *rows = table.splitlines()
    columns = [(found.start(), found.group()) for found in re.finditer(r"\S+(?: \S+)*", header)]
    ends = [*(start for start, _ in columns[1:]), None]
    return [{name: row[start:end].strip() for (start, name), end in zip(columns, ends, strict=True)} for row in rows]


@pytest.mark.parametrize(
    ("manifest", "outcomes"),
    [
        pytest.param(jobs.ionq("pair", parameters={"shots": 500}), {"00", "11"}, id="a Bell pair as IonQ's JSON"),
        pytest.param(jobs.quantinuum("pair"), {"000", "111"}, id="a GHZ state as OpenQASM at Quantinuum"),
        pytest.param(
            jobs.qir("pair", yaml.safe_load((PROJECT / "examples/qir.yaml").read_text())["spec"]["program"]["source"]),
            {"01", "10"},
            id="an unequal pair as QIR at Rigetti",
        ),
    ],
)
def test_output_is_there_when_the_wait_returns(place: JobNamespace, manifest: Manifest, outcomes: set[str]) -> None:
    """The moment `kubectl wait` returns, the ConfigMap holds the URI, the result and the counts."""
    place.apply(manifest)
    place.wait("pair")
    output, status = place.output("pair"), place.status("pair")
    counts = json.loads(output["counts.json"])
    shots = manifest["spec"]["parameters"]["shots"]
    assert counts.keys() == outcomes
    assert sum(counts.values()) == shots
    assert all(0.25 * shots < count < 0.75 * shots for count in counts.values())
    assert json.loads(output["result"])
    assert output["outputUri"] == status["outputUri"]
    assert "?" not in output["outputUri"]
    assert (output["jobId"], output["state"]) == (status["jobId"], "Succeeded")


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param(jobs.ionq("flip", jobs.X_ON_FIRST), id="IonQ's JSON"),
        pytest.param(jobs.quantinuum("flip", jobs.X_ON_FIRST_QASM), id="OpenQASM"),
        pytest.param(jobs.qir("flip", jobs.qir_that_flips_the_first()), id="QIR that records the highest index first"),
    ],
)
def test_bit_0_is_the_rightmost_in_every_format(place: JobNamespace, sdk: Workspace, manifest: Manifest) -> None:
    """X on qubit 0 of three counts as `001`, and the official SDK reads the same result as the ConfigMap holds."""
    place.apply(manifest)
    place.wait("flip", "Complete")
    output = place.output("flip")
    assert json.loads(output["counts.json"]) == FLIPPED
    theirs, ours = results_of_sdk(sdk, place.status("flip")["jobId"]), json.loads(output["result"])
    if "Results" in ours:  # the SDK turns this format, and only this, into probabilities by Display
        (only,) = ours["Results"]
        ours = {row["Display"]: row["Count"] / len(only["Shots"]) for row in only["Histogram"]}
    assert theirs == ours


def test_status_tells_the_whole_story(place: JobNamespace) -> None:
    """A job that succeeded shows when and where it ran, what it cost, and what its absent fields became."""
    place.apply(jobs.ionq("bell", tags=["demo"], metadata={"experiment": "42"}))
    place.wait("bell", "Ready")
    job, (run,) = place.job("bell"), place.runs("bell")
    status = job["status"]
    assert (status["state"], status["remoteStatus"], status["attempt"]) == ("Succeeded", "Succeeded", 1)
    assert run["job"] == status["jobId"] == status["attempts"][0]["jobId"]
    assert run["metadata"]["experiment"] == "42"
    assert run["metadata"]["quantumjobs_uid"] == job["metadata"]["uid"]
    assert status["submissionTime"] <= status["startTime"] <= status["completionTime"]
    assert status["cost"]["currencyCode"] == run["currency"]
    assert float(status["cost"]["estimatedTotal"]) == run["cost"]
    assert status["workspace"]["ref"] == {"name": "default", "namespace": place.name}
    assert status["resolved"]["name"] == "bell"
    assert status["resolved"]["outputFormat"] == "ionq.quantum-results.v1"
    assert status["resolved"]["programDigest"].startswith("sha256:")
    assert status["portalUrl"].startswith("https://portal.azure.com/")
    assert status["outputConfigMap"] == "bell-output"


def test_conditions_of_success_are_those_of_kstatus(place: JobNamespace) -> None:
    """Ready is True, Reconciling and Stalled are absent, and everything is about this generation."""
    place.apply(jobs.ionq("bell"))
    for condition in ("Submitted", "Complete", "Finished", "Ready"):
        place.wait("bell", condition)
    job = place.job("bell")
    conditions = {one["type"]: one["status"] for one in job["status"]["conditions"]}
    assert conditions == {"Submitted": "True", "Complete": "True", "Finished": "True", "Ready": "True"}
    generations = {one["observedGeneration"] for one in job["status"]["conditions"]}
    assert generations == {job["status"]["observedGeneration"]} == {job["metadata"]["generation"]}


def test_later_generation_of_a_finished_job_says_the_same(place: JobNamespace) -> None:
    """`kubectl wait` still returns after a change of a finished job's spec, and nothing else moved."""
    place.apply(jobs.ionq("bell"))
    place.wait("bell")
    before = place.status("bell")
    place.patch("quantumjob", "bell", {"spec": {"deletionPolicy": "Orphan"}})
    place.wait("bell", "Complete")
    after = place.status("bell")
    assert after["observedGeneration"] == before["observedGeneration"] + 1
    assert {**after, "observedGeneration": 0, "conditions": []} == {**before, "observedGeneration": 0, "conditions": []}


def test_events_follow_the_job(place: JobNamespace, emulator: Emulator) -> None:
    """One Event for each transition, in order, and none twice."""
    emulator.behave(executing_seconds=FOR_EVER)
    place.apply(jobs.ionq("bell"))
    place.wait_state("bell", "Executing")
    place.pass_time()
    place.wait("bell")
    place.wait_event("bell", "Succeeded")
    told = [(one.type, one.reason) for one in place.events("bell")]
    assert told == [("Normal", reason) for reason in ("Submitted", "Executing", "OutputWritten", "Succeeded")]


def test_printer_columns_tell_what_a_person_wants_to_know(place: JobNamespace) -> None:
    """`kubectl get quantumjobs -o wide`: where a job is and why, what it is to do and costs, and its id in Azure."""
    place.apply(jobs.ionq("bell"), jobs.ionq("held", workspaceRef={"name": "none"}))
    place.wait("bell")
    place.wait_state("held", "Pending")
    bell, held = rows_of(place.kubectl("get", "quantumjobs", "-o", "wide"))
    assert (bell["STATE"], bell["REASON"]) == ("Succeeded", "Succeeded")
    assert bell["MESSAGE"] == "the output is in ConfigMap bell-output"
    assert (bell["SHOTS"], bell["WORKSPACE"]) == (str(jobs.SHOTS), "default")
    assert bell["JOB ID"] == place.status("bell")["jobId"]
    assert re.fullmatch(r"\d+s", bell["DURATION"])
    assert (held["STATE"], held["REASON"]) == ("Pending", "WorkspaceNotFound")
    assert "QuantumWorkspace" in held["MESSAGE"]
    selected = place.kubectl("get", "quantumjobs", "--field-selector=status.state=Pending", "--output=name")
    assert selected.split() == ["quantumjob.quantumjobs.dev/held"]


def test_a_job_is_told_its_place_in_the_line(place: JobNamespace, emulator: Emulator) -> None:
    """One job runs, and the others are told how many go before them: anew as these go, without a further Event."""
    emulator.behave(executing_seconds=FOR_EVER)
    place.apply(place.workspace(maxJobsInFlight=1))
    for name in ("first", "second", "third"):
        place.apply(jobs.ionq(name))
        place.wait_state(name, "Executing" if name == "first" else "Pending")
    assert place.status("second")["message"].endswith("waits for a free slot, as the next")
    assert place.status("third")["message"].endswith("waits for a free slot, after 1 other")
    place.pass_time()
    place.wait_state("second", "Executing")
    eventually(lambda: place.status("third")["message"].endswith("waits for a free slot, as the next"))
    assert [told.reason for told in place.events("third")].count("MaxJobsInFlight") == 1


@pytest.mark.parametrize(
    ("source", "reference"),
    [
        pytest.param(
            jobs.config_map("programs", {"flip.json": jobs.X_ON_FIRST}),
            {"configMapKeyRef": {"name": "programs", "key": "flip.json"}},
            id="text in a ConfigMap",
        ),
        pytest.param(
            jobs.config_map("programs", binary={"flip.json": base64.b64encode(jobs.X_ON_FIRST.encode()).decode()}),
            {"configMapKeyRef": {"name": "programs", "key": "flip.json"}},
            id="binary data in a ConfigMap",
        ),
        pytest.param(
            jobs.secret("programs", {"flip.json": jobs.X_ON_FIRST}, kind="quantumjobs.dev/program"),
            {"secretKeyRef": {"name": "programs", "key": "flip.json"}},
            id="a Secret of the type for programs",
        ),
        pytest.param(
            jobs.secret("programs", {"flip.json": jobs.X_ON_FIRST}, labels={"quantumjobs.dev/program": "true"}),
            {"secretKeyRef": {"name": "programs", "key": "flip.json"}},
            id="a Secret that is labelled for programs",
        ),
        pytest.param(
            None,
            {"sourceBase64": base64.b64encode(jobs.X_ON_FIRST.encode()).decode()},
            id="base64 in the manifest",
        ),
    ],
)
def test_program_comes_from_where_the_job_says(
    place: JobNamespace, source: Manifest | None, reference: Manifest
) -> None:
    """A program runs the same wherever it stands."""
    if source:
        place.apply(source)
    program = {"format": "ionq.circuit.v1", **reference}
    place.apply(jobs.job("flip", provider="ionq", target="ionq.simulator", program=program))
    place.wait("flip", "Complete")
    assert json.loads(place.output("flip")["counts.json"]) == FLIPPED


@pytest.mark.parametrize(
    ("name", "parameters", "entry"),
    [
        pytest.param("ENTRYPOINT__main", {}, "ENTRYPOINT__main", id="the SDK's name"),
        pytest.param("main", {}, "main", id="the name that other compilers give"),
        pytest.param('"3-qubit flip"', {}, "3-qubit flip", id="a name with blanks"),
        pytest.param("main", {"entryPoint": "main"}, "main", id="the user's own"),
    ],
)
@pytest.mark.parametrize("binary", [False, True], ids=["text", "bitcode"])
def test_entry_point_is_found_in_the_program(
    place: JobNamespace, name: str, parameters: Manifest, entry: str, *, binary: bool
) -> None:
    """In LLVM text and in bitcode as it stands in a manifest; status shows which it was."""
    text = jobs.qir_that_flips_the_first().replace("@ENTRYPOINT__main", f"@{name}")
    source = {"sourceBase64": jobs.bitcode(text)} if binary else {"source": text}
    program = {"format": "qir.v1", **source}
    wanted = {"shots": jobs.SHOTS} | parameters
    place.apply(jobs.job("flip", provider="rigetti", target="rigetti.sim.qvm", program=program, parameters=wanted))
    place.wait("flip", "Complete")
    assert json.loads(place.output("flip")["counts.json"]) == FLIPPED
    assert place.status("flip")["resolved"]["entryPoint"] == entry


def test_broken_program_fails_with_the_services_words(place: JobNamespace) -> None:
    """A job that the service ran and calls Failed is Failed for good, with the service's code and text."""
    place.apply(jobs.quantinuum("broken", jobs.UNPARSABLE_QASM))
    place.wait("broken")
    job = place.job("broken")
    assert job["status"]["state"] == "Failed"
    assert condition_of(job, "Failed")["reason"] == "JobFailed"
    error = job["status"]["error"]
    assert error["code"] == "InvalidInputData"
    assert error["message"]
    assert error["message"] in condition_of(job, "Failed")["message"]
    told = place.wait_event("broken", "JobFailed")
    assert told == Told("Warning", "JobFailed", condition_of(job, "Failed")["message"])
    stalled = {one["type"]: one["status"] for one in job["status"]["conditions"]}
    assert stalled == {"Submitted": "True", "Failed": "True", "Finished": "True", "Ready": "False", "Stalled": "True"}
    assert place.find("configmap", "broken-output") is None
