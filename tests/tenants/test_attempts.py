"""What a tenant may try who can create QuantumJobs and QuantumWorkspaces in one namespace, on the real cluster."""

import base64
import json
from typing import Any, Final

import pytest

from cluster import jobs
from cluster.jobnamespace import FOR_EVER, JobNamespace, eventually
from cluster.overwriting import overwrite_output
from devcluster.errors import KubectlError
from hostile.vitals import Vitals
from localstack.manifests import Manifest
from localstack.stack import Stack
from tenants.listener import Listener, listener

pytestmark = pytest.mark.cluster

MARKER: Final = "marker-of-a-secret-that-was-made-for-something-else"
TRICK: Final = "../../../../namespaces/kube-system/secrets/programs"
CLAIM: Final = "quantumjobs.dev/claim"
GUIDS: Final = {"tenantId": "aaaaaaaa-0000-4000-8000-000000000001", "clientId": "bbbbbbbb-0000-4000-8000-000000000001"}
LARGE: Final = 20 * 1024 * 1024
MOST_MIB: Final = 400


def to_the_listener(place: JobNamespace, heard: Listener, host: str) -> list[Manifest]:
    """A workspace whose endpoint is the listener, with a key that is good."""
    return [place.workspace("lure", endpoint=f"http://{host}:{heard.port}")]


def by_connection_string(place: JobNamespace, heard: Listener, _host: str) -> list[Manifest]:
    """A workspace whose connection string names the listener."""
    told = place.stack.emulator.announced
    text = (
        f"SubscriptionId={told['subscription_id']};ResourceGroupName={told['resource_group']};"
        f"WorkspaceName={told['workspace']};ApiKey={place.stack.emulator.api_key};"
        f"QuantumEndpoint=http://127.0.0.1:{heard.port}/;"
    )
    secret = jobs.secret("lure", {"text": text}, kind="quantumjobs.dev/credentials")
    credentials = {"connectionString": {"secretKeyRef": {"name": "lure", "key": "text"}}}
    return [secret, place.workspace("lure", credentials=credentials)]


def as_the_operator(place: JobNamespace, heard: Listener, host: str) -> list[Manifest]:
    """A workspace at the listener that asks for the operator's own identity."""
    return [place.workspace("lure", endpoint=f"http://{host}:{heard.port}", credentials={"operatorIdentity": {}})]


@pytest.mark.parametrize(
    ("lure", "host"),
    [
        pytest.param(to_the_listener, "127.0.0.1", id="an endpoint of one's own"),
        pytest.param(to_the_listener, "localhost", id="an endpoint of one's own by name"),
        pytest.param(by_connection_string, "", id="a connection string that leads elsewhere"),
        pytest.param(as_the_operator, "127.0.0.1", id="the operator's own identity"),
    ],
)
def test_no_credential_goes_to_a_host_of_the_tenants_choosing(place: JobNamespace, lure: Any, host: str) -> None:
    """Nobody so much as connects; workspace and job say that they wait."""
    with listener() as heard:
        place.apply(*lure(place, heard, host), jobs.ionq("bell", workspaceRef={"name": "lure"}))
        place.wait("lure", "Ready=False", kind="quantumworkspace")
        place.wait_reason("bell", "Submitted", "WorkspaceNotReady")
    assert heard.heard == []
    assert not place.runs("bell")


def references(name: str) -> list[dict[str, Any]]:
    """Every way in which a workspace names a Secret."""
    ref = {"secretKeyRef": {"name": name, "key": "value"}}
    return [{"apiKey": ref}, {"connectionString": ref}, {"clientSecret": {**GUIDS, **ref}}]


def test_a_secret_of_something_else_is_never_read_out(place: JobNamespace, victim: JobNamespace) -> None:
    """Neither one of the own namespace that is no program or credential, nor a program of another's, in any field."""
    place.apply(jobs.secret("opaque", {"value": MARKER}))
    victim.apply(jobs.secret("programs", {"value": MARKER}, kind="quantumjobs.dev/program"))
    workspaces = [place.workspace(f"w{n}", credentials=one) for n, one in enumerate(references("opaque"))]
    program = {"format": "ionq.circuit.v1"}
    usual = {"provider": "ionq", "target": "ionq.simulator"}
    held = {name: {"secretKeyRef": {"name": name, "key": "value"}} for name in ("opaque", "programs")}
    place.apply(*workspaces, *(jobs.job(name, **usual, program=program | ref) for name, ref in held.items()))
    for name in held:
        place.wait_reason(name, "Submitted", "ProgramNotFound")
    for workspace in workspaces:
        place.wait_reason(workspace["metadata"]["name"], "Ready", "CredentialsNotFound", kind="quantumworkspace")
    written = place.kubectl("get", "quantumjobs,quantumworkspaces,configmaps,events", "-o", "json")
    for text in (written, place.stack.operator.log.read_text()):
        for secret in (MARKER, base64.b64encode(MARKER.encode()).decode()):
            assert secret not in text


@pytest.mark.parametrize("kind", ["secretKeyRef", "configMapKeyRef"])
def test_a_name_is_no_path(place: JobNamespace, kind: str) -> None:
    """A reference that would climb out of its namespace isn't stored, nor is a namespace in it."""
    for ref in ({"name": TRICK, "key": "value"}, {"name": "programs", "key": "value", "namespace": "kube-system"}):
        program = {"format": "ionq.circuit.v1", kind: ref}
        with pytest.raises(KubectlError, match="program"):
            place.apply(jobs.job("bell", provider="ionq", target="ionq.simulator", program=program))
    with pytest.raises(KubectlError, match="configMapName"):
        place.apply(jobs.ionq("bell", output={"configMapName": "../../kube-system/configmaps/x"}))


def test_names_keys_labels_and_claims_of_others_reach_nothing_of_theirs(
    place: JobNamespace, victim: JobNamespace
) -> None:
    """Same name, same key, a copied claim, forged metadata: the victim's job runs on and stays the victim's."""
    place.stack.emulator.behave(executing_seconds=FOR_EVER)
    key = {"idempotencyKey": "run-1"}
    victim.apply(jobs.ionq("bell", **key))
    victim.wait_state("bell", "Executing")
    theirs = victim.job("bell")
    copied = jobs.ionq("copied")
    copied["metadata"] |= {
        "annotations": {CLAIM: theirs["metadata"]["annotations"][CLAIM]},
        "finalizers": theirs["metadata"]["finalizers"],
        "labels": {"quantumjobs.dev/uid": theirs["metadata"]["uid"]},
    }
    place.apply(jobs.ionq("bell", **key), copied)
    place.wait_state("bell", "Executing")
    place.wait_reason("copied", "Submitted", "CopiedObject")
    assert place.status("bell")["jobId"] != theirs["status"]["jobId"]
    with pytest.raises(KubectlError, match="the operator"):
        place.apply(jobs.ionq("forged", metadata={"quantumjobs_uid": theirs["metadata"]["uid"]}))
    for name in ("copied", "bell"):
        place.patch("quantumjob", name, {"spec": {"cancel": True}})
        place.delete(name)
    assert [run["status"] for run in place.runs("bell")] == ["Cancelled"]
    assert [run["status"] for run in victim.runs("bell")] == ["Executing"]
    assert victim.status("bell")["state"] == "Executing"
    victim.delete("bell")


def test_an_output_takes_no_name_that_is_taken(place: JobNamespace) -> None:
    """Neither somebody's ConfigMap nor another job's output is touched."""
    place.apply(jobs.ionq("first"))
    place.wait("first", "Complete")
    place.apply(jobs.config_map("settings", {"theirs": "yes"}))
    taken = {"other": "settings", "second": "first-output"}
    before = {name: place.find("configmap", name) for name in taken.values()}
    place.apply(*(jobs.ionq(job, output={"configMapName": name}) for job, name in taken.items()))
    for job in taken:
        place.wait_reason(job, "Submitted", "OutputConfigMapConflict")
        assert not place.runs(job)
    assert {name: place.find("configmap", name) for name in taken.values()} == before


def test_a_huge_result_is_left_where_it_is(place: JobNamespace, stack: Stack) -> None:
    """The ConfigMap says that it is too large; the operator's memory has a bound."""
    vitals = Vitals(stack.operator)
    stack.emulator.behave(executing_seconds=FOR_EVER)
    place.apply(jobs.ionq("bell"))
    place.wait_state("bell", "Executing")
    place.apply(jobs.config_map("bell-output", {"in": "the way"}))
    place.pass_time()
    place.wait_reason("bell", "Complete", "OutputConfigMapConflict")
    overwrite_output(place, "bell", b'{"histogram":{' + b" " * LARGE + b"}}")
    with vitals.watched():
        place.kubectl("delete", "configmap", "bell-output")
        place.wait("bell", "Complete")
    output = place.output("bell")
    assert output["resultOmitted"] == "TooLarge"
    assert len(json.dumps(output)) < 4096
    assert vitals.same_process
    assert vitals.peak_mib < MOST_MIB


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"operation": "create-job", "kind": "status-before", "count": 1}, id="of a refused submission"),
        pytest.param({"kind": "failed-run", "count": 1}, id="of a run that failed"),
    ],
)
def test_a_huge_error_is_cut(place: JobNamespace, fault: dict[str, Any]) -> None:
    """Whatever the service says at length, status and Events stay small."""
    place.stack.emulator.admin("POST", "faults", [{**fault, "code": "E" * 500_000}])
    place.apply(jobs.ionq("bell"))
    place.wait("bell")
    assert len(json.dumps(place.status("bell"))) < 8192
    assert max(len(event.message) for event in place.events("bell")) <= 1024


def test_free_places_of_a_shared_workspace_go_round(place: JobNamespace, victim: JobNamespace) -> None:
    """A crowd that waits for `maxJobsInFlight` has one turn before another namespace's only job."""
    place.stack.emulator.behave(executing_seconds=FOR_EVER)
    place.apply(place.workspace("shared", maxJobsInFlight=1, allowedNamespaces={"from": "All"}))
    ref: dict[str, Any] = {"workspaceRef": {"name": "shared", "namespace": place.name}}
    crowd = [f"crowd-{number}" for number in range(6)]
    place.apply(*(jobs.ionq(name, **ref) for name in crowd))
    eventually(lambda: any(place.runs(name) for name in crowd))
    before = len(place.stack.emulator.ledger()) - 1
    for name in crowd:
        if not place.runs(name):
            place.wait_reason(name, "Submitted", "MaxJobsInFlight")
    victim.apply(jobs.ionq("bell", **ref))
    victim.wait_reason("bell", "Submitted", "MaxJobsInFlight")
    for turn in range(2, 4):
        (running,) = (name for name in crowd if place.runs(name) and place.find("quantumjob", name))
        place.delete(running)
        eventually(lambda so_far=turn: len(place.stack.emulator.ledger()) - before >= so_far)  # type: ignore[misc]
    assert len(victim.runs("bell")) == 1
