"""QuantumJobs parsed from bodies as an API server sends them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from quantumjob_operator.model.jobstatus import State
from quantumjob_operator.model.naming import CLAIM_ANNOTATION, FINALIZER
from quantumjob_operator.model.parsing import MalformedObject
from quantumjob_operator.model.quantumjob import (
    Claim,
    JobSpec,
    KeyRef,
    Output,
    WorkspaceRef,
    parse_job,
)
from rooms.model.bodies import BELL, CLAIM, OTHER_UID, RESOURCE_ID, UID, Spoil, dropping, job, job_body, putting, spoilt

FULL_SPEC: dict[str, Any] = {
    "provider": "quantinuum",
    "target": "quantinuum.sim.h2-1e",
    "name": "Bell pair",
    "parameters": {"shots": 500, "error-params": {"p1": [0.5, None]}},
    "program": {"format": "honeywell.openqasm.v1", "configMapKeyRef": {"name": "programs", "key": "bell.qasm"}},
    "outputFormat": "honeywell.quantum-results.v1",
    "workspaceRef": {"name": "default", "namespace": "quantum-system"},
    "tags": ["bell", "demo"],
    "metadata": {"experiment": "42"},
    "priority": "High",
    "sessionId": OTHER_UID,
    "idempotencyKey": "run-2026-11",
    "output": {
        "configMapName": "out",
        "keys": {"uri": "u"},
        "labels": {"e": "42"},
        "annotations": {"a": "long"},
        "include": ["counts"],
    },
    "backoffLimit": 2,
    "suspend": True,
    "cancel": True,
    "activeDeadlineSeconds": 3600,
    "queueDeadlineSeconds": 600,
    "ttlSecondsAfterFinished": 86400,
    "deletionPolicy": "Orphan",
}


def claimed(annotation: str, **metadata: Any) -> dict[str, Any]:
    """A job's body with a claim annotation beside a user's own."""
    return job_body(annotations={CLAIM_ANNOTATION: annotation, "team": "a"}, **metadata)


def claim_with(**fields: Any) -> str:
    """A claim's text with some fields changed."""
    return json.dumps(json.loads(CLAIM) | fields)


def test_what_stands_in_the_metadata() -> None:
    """Identity, version and age come from the metadata; nothing is on that nobody put on."""
    parsed = job()
    assert (parsed.namespace, parsed.name, parsed.uid, parsed.key) == ("research", "bell", UID, "research/bell")
    assert (parsed.resource_version, parsed.generation) == ("1042", 2)
    assert parsed.created == datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert (parsed.claim, parsed.claim_unreadable, parsed.finalizers) == (None, False, ())
    assert not parsed.deletion_requested
    assert not parsed.has_finalizer


def test_what_the_user_left_out_stays_out() -> None:
    """Defaults that depend on anything are resolved later and shown in status."""
    spec = job().spec
    assert spec == JobSpec(provider="ionq", target="ionq.simulator", program=spec.program, parameters={"shots": 500})
    assert (spec.suspend, spec.cancel, spec.deletion_policy) == (False, False, "Cancel")


def test_every_field_that_the_user_gave_is_read() -> None:
    """A field under a wrong name would be silently without effect."""
    spec = job(FULL_SPEC).spec
    assert (spec.provider, spec.target, spec.name) == ("quantinuum", "quantinuum.sim.h2-1e", "Bell pair")
    assert spec.parameters == FULL_SPEC["parameters"]
    assert (spec.program.format, spec.program.source) == ("honeywell.openqasm.v1", None)
    assert spec.program.config_map_key_ref == KeyRef("programs", "bell.qasm")
    assert spec.output_format == "honeywell.quantum-results.v1"
    assert spec.workspace_ref == WorkspaceRef("default", "quantum-system")
    assert (spec.tags, spec.metadata, spec.priority) == (("bell", "demo"), {"experiment": "42"}, "High")
    assert (spec.session_id, spec.idempotency_key) == (OTHER_UID, "run-2026-11")
    assert spec.output == Output("out", {"uri": "u"}, {"e": "42"}, {"a": "long"}, include=("counts",))
    assert (spec.backoff_limit, spec.suspend, spec.cancel) == (2, True, True)
    assert (spec.active_deadline_seconds, spec.queue_deadline_seconds) == (3600, 600)
    assert (spec.ttl_seconds_after_finished, spec.deletion_policy) == (86400, "Orphan")


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(putting("spec.mood", "fine"), id="a field of spec"),
        pytest.param(putting("spec.program.compiler", {"level": 3}), id="a field of the program"),
        pytest.param(putting("spec.output", {"zip": True}), id="a field of the output"),
        pytest.param(putting("status.mood", "fine"), id="a field of status"),
        pytest.param(putting("metadata.selfLink", "/…"), id="a field of metadata"),
        pytest.param(putting("managed", {"by": "nobody"}), id="a field beside them"),
    ],
)
def test_unknown_fields_are_ignored(spoil: Spoil) -> None:
    """A newer CRD may know more than this version."""
    parsed = parse_job(spoilt(job_body(), spoil))
    assert (parsed.spec.program, parsed.status) == (job().spec.program, job().status)


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        pytest.param(dropping("spec.provider"), "spec.provider", id="a required field is missing"),
        pytest.param(
            dropping("spec.program.format"), "spec.program.format", id="a required field within one is missing"
        ),
        pytest.param(dropping("spec"), "spec.provider", id="there is no spec"),
        pytest.param(putting("spec.program", "h q[0];"), "spec.program", id="text where an object stands"),
        pytest.param(putting("spec.suspend", "maybe"), "spec.suspend", id="text where a truth stands"),
        pytest.param(putting("spec.tags", {"a": 1}), "spec.tags", id="an object where a list stands"),
        pytest.param(
            putting("spec.program.secretKeyRef", {"name": "s"}), "spec.program.secretKeyRef.key", id="half a reference"
        ),
        pytest.param(putting("spec.metadata", {"n": 42}), "spec.metadata.n", id="a number where text stands"),
        pytest.param(putting("status.state", "Dreaming"), "status.state", id="a state that nobody knows"),
        pytest.param(
            putting("status.conditions", [{"type": "Ready"}]), "status.conditions.0.status", id="half a condition"
        ),
    ],
)
def test_a_malformed_object_is_named_with_its_field(spoil: Spoil, field: str) -> None:
    """Such an object was stored under a foreign CRD; the log must say which and what."""
    with pytest.raises(MalformedObject) as caught:
        parse_job(spoilt(job_body(), spoil))
    assert str(caught.value).startswith(f"research/bell: {field}: ")


def test_a_malformed_object_is_not_quoted() -> None:
    """The value may be a secret in the wrong place."""
    with pytest.raises(MalformedObject) as caught:
        parse_job(job_body({"suspend": "hunter2"}))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({}, -1, id="no status at all"),
        pytest.param({"status": None}, -1, id="a null"),
        pytest.param({"status": {}}, -1, id="an empty one"),
        pytest.param({"status": {"observedGeneration": 2, "state": "Waiting"}}, 2, id="one that was written"),
    ],
)
def test_a_status_may_be_absent(body: dict[str, Any], expected: int) -> None:
    """Without the CRD's default there is none on a new object."""
    bare = spoilt(job_body(), dropping("status")) | body
    assert parse_job(bare).status.observed_generation == expected


def test_the_status_is_read_with_the_object() -> None:
    """One parse gives both."""
    assert parse_job(job_body() | {"status": {"state": "Executing"}}).status.state is State.EXECUTING


@pytest.mark.parametrize(
    ("annotation", "uid"),
    [
        pytest.param(CLAIM, UID, id="as it was written"),
        pytest.param(claim_with(note="later version"), UID, id="with a field that is unknown"),
        pytest.param(claim_with(uid=OTHER_UID), OTHER_UID, id="copied from another object"),
    ],
)
def test_a_claim_is_read_with_the_uid_it_was_written_for(annotation: str, uid: str) -> None:
    """Whether the object is a copy is told by the uid in the claim, so that one must survive."""
    parsed = parse_job(claimed(annotation))
    assert parsed.claim == Claim(v=1, uid=uid, workspace=RESOURCE_ID.lower(), attempt=1, holder="a-process")
    assert not parsed.claim_unreadable


@pytest.mark.parametrize(
    "annotation",
    [
        pytest.param("", id="an empty text"),
        pytest.param("mine", id="no JSON"),
        pytest.param("[]", id="a list"),
        pytest.param("null", id="a null"),
        pytest.param("{}", id="an empty object"),
        pytest.param(CLAIM[:-1], id="a part that is cut off"),
        pytest.param(claim_with(holder=None), id="no holder"),
        pytest.param(claim_with(holder="h" * 513), id="a holder that is longer than any process is named"),
        pytest.param(claim_with(attempt="1"), id="an attempt in text"),
        pytest.param(claim_with(attempt=True), id="an attempt that is a truth"),
        pytest.param(claim_with(attempt=0), id="an attempt below the first"),
        pytest.param(claim_with(attempt=10**12), id="an attempt that nobody has come to"),
        pytest.param(claim_with(v=2), id="a shape of a later version"),
        pytest.param(claim_with(workspace="research-ws"), id="a workspace that is no resource id"),
        pytest.param(claim_with(workspace=RESOURCE_ID), id="a workspace in another spelling than ours"),
    ],
)
def test_a_claim_that_is_not_ours_is_unreadable_but_there(annotation: str) -> None:
    """It must neither count as absent (that could pay twice) nor keep the object from being read."""
    parsed = parse_job(claimed(annotation))
    assert (parsed.claim, parsed.claim_unreadable) == (None, True)


def test_a_claim_survives_its_annotation() -> None:
    """What the operator writes it reads again, in the shape that other versions know."""
    claim = Claim(v=1, uid=UID, workspace=RESOURCE_ID.lower(), attempt=3, holder="a-process")
    text = claim.annotation()
    assert json.loads(text) == json.loads(claim_with(attempt=3))
    assert parse_job(claimed(text)).claim == claim


@pytest.mark.parametrize(
    ("metadata", "has_ours"),
    [
        pytest.param({"finalizers": None}, False, id="a null"),
        pytest.param({"finalizers": ["example.org/backup"]}, False, id="somebody else's"),
        pytest.param({"finalizers": ["example.org/backup", FINALIZER]}, True, id="ours beside somebody else's"),
    ],
)
def test_whether_our_finalizer_is_on(metadata: dict[str, Any], *, has_ours: bool) -> None:
    """Only ours holds the object for cancelling."""
    assert job(**metadata).has_finalizer is has_ours


def test_a_deletion_is_requested_by_its_timestamp() -> None:
    """As the API server marks objects that finalizers hold."""
    assert job(deletionTimestamp="2026-11-22T13:00:00Z", finalizers=[FINALIZER]).deletion_requested


@pytest.mark.parametrize(
    ("output", "name"),
    [
        pytest.param(None, "bell-output", id="no output"),
        pytest.param({"includeResult": True}, "bell-output", id="an output without a name"),
        pytest.param({"configMapName": "mine"}, "mine", id="an output with a name"),
    ],
)
def test_the_name_of_the_output(output: dict[str, Any] | None, name: str) -> None:
    """The user's choice, else one made from the job's name."""
    assert job({"output": output} if output else None).output_name == name


def test_the_size_is_that_of_the_json_on_the_wire() -> None:
    """Characters beyond ASCII count as the bytes that the API server stores, and the source counts in full."""
    small = job({"program": {"format": "f", "source": "x"}}).size
    assert small < len(json.dumps(job_body()).encode())
    assert job({"program": {"format": "f", "source": "x" * 1001}}).size == small + 1000
    assert job({"program": {"format": "f", "source": "é"}}).size == small + 1


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        pytest.param({"source": BELL}, BELL.encode(), id="text"),
        pytest.param({"source": "é"}, b"\xc3\xa9", id="text beyond ASCII"),
        pytest.param({"source": ""}, b"", id="an empty text"),
        pytest.param({"sourceBase64": "QkPA3g=="}, b"BC\xc0\xde", id="base64"),
        pytest.param({"sourceBase64": "QkPA\r\n3g==\n"}, b"BC\xc0\xde", id="base64 in several lines"),
        pytest.param({"configMapKeyRef": {"name": "programs", "key": "k"}}, None, id="a ConfigMap"),
        pytest.param({"secretKeyRef": {"name": "programs", "key": "k"}}, None, id="a Secret"),
    ],
)
def test_programs_that_stand_in_the_manifest(program: dict[str, Any], expected: bytes | None) -> None:
    """Bytes for the two inline sources, None where something else must be read."""
    assert job({"program": {"format": "f"} | program}).spec.program.inline() == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("QkPA3g=", id="a padding that is too short"),
        pytest.param("Qk PA3g==", id="a blank within"),
        pytest.param("QkPA3g==é", id="a character beyond ASCII"),
        pytest.param("-_-_", id="the alphabet of URLs"),
    ],
)
def test_what_is_no_base64_names_the_field_and_the_remedy(text: str) -> None:
    """The message goes into a condition, so it must say what to change."""
    program = job({"program": {"format": "qir.v1", "sourceBase64": text}}).spec.program
    with pytest.raises(MalformedObject, match=r"^spec\.program\.sourceBase64 .*base64 -w0"):
        program.inline()
