"""What the API server accepts and rejects when a QuantumJob is created, and what a rejection says."""

import base64
from typing import Any, Final

import pytest

from crds.manifests import (
    ABSENT,
    DNS_NAME_OF_254,
    FULL_JOB,
    GUID,
    NAME_OF_64,
    SMALLEST_JOB,
    Manifest,
    changed,
)
from crds.server import CustomResources

pytestmark = pytest.mark.cluster

JOB: Final = changed(SMALLEST_JOB, "metadata.name", "another")
KEY_REF: Final = {"name": "programs", "key": "bell.json"}
# The header of LLVM's bitcode, as `base64` writes it: byte 28 is a plus sign.
BITCODE: Final = "QkPA3jUUAAAFAAAAYgwwJEpZvqZN+7XPC1GATAEAAAAhDAAA"


def program(**given: Any) -> Manifest:
    """A program with a format and the given fields."""
    return {"format": "qir.v1", **given}


def base64_of(size: int) -> str:
    """So many zero bytes as base64."""
    return base64.b64encode(bytes(size)).decode()


def in_lines(size: int) -> str:
    """The same as `base64` without `-w0` writes it."""
    return base64.encodebytes(bytes(size)).decode()


ACCEPTED: Final = [
    pytest.param("metadata.name", "n" * 63, id="a name of 63 characters"),
    pytest.param("spec.provider", "Microsoft.Test-1", id="a provider with capitals, dots and dashes"),
    pytest.param("spec.target", "quantinuum.sim.h2-1sc", id="a target with dots and dashes"),
    pytest.param("spec.name", "Zustand |ψ⟩ #1", id="a display name in any script"),
    pytest.param("spec.parameters", {}, id="no parameter at all"),
    pytest.param("spec.parameters", {"shots": 1}, id="one shot"),
    pytest.param("spec.parameters", {"shots": 5, "count": 5}, id="count beside shots"),
    pytest.param("spec.parameters", {"substitutions": {"theta": [[0.0], [3.14]]}}, id="nested parameters"),
    pytest.param("spec.program", program(source="q" * 65_536), id="a source of 65,536 characters"),
    pytest.param("spec.program", program(source="ψ" * 65_536), id="a source of 65,536 characters of several bytes"),
    pytest.param("spec.program", program(sourceBase64=base64_of(65_536)), id="a binary program of 64 KiB"),
    pytest.param("spec.program", program(sourceBase64="Pj4+Pz8/"), id="a binary program with + and / in its base64"),
    pytest.param(
        "spec.program", program(sourceBase64=f"{BITCODE}\n"), id="LLVM's bitcode, with a line break at its end"
    ),
    pytest.param(
        "spec.program", program(sourceBase64=in_lines(65_536)), id="64 KiB of base64 in lines of 76 characters"
    ),
    pytest.param("spec.program", program(configMapKeyRef=KEY_REF), id="a program in a ConfigMap"),
    pytest.param("spec.program", program(secretKeyRef=KEY_REF), id="a program in a Secret"),
    pytest.param("spec.program", program(secretKeyRef=KEY_REF | {"key": ".hidden"}), id="a key that begins with a dot"),
    pytest.param("spec.outputFormat", "microsoft.quantum-results.v2", id="an output format"),
    pytest.param("spec.workspaceRef", {"name": "w"}, id="a workspace without a namespace"),
    pytest.param("spec.tags", [f"tag {number}" for number in range(50)], id="50 tags"),
    pytest.param("spec.metadata", {f"key {number}": "" for number in range(50)}, id="50 metadata keys"),
    pytest.param("spec.metadata", {"k" * 128: "v" * 1024}, id="metadata of the greatest lengths"),
    pytest.param("spec.priority", "High", id="high priority"),
    pytest.param("spec.sessionId", GUID.upper(), id="a session in capitals"),
    pytest.param("spec.idempotencyKey", "lab/sweep:2026-11_1.0", id="a key with punctuation"),
    pytest.param("spec.output", {"keys": {"uri": "jobId", "jobId": "outputUri"}}, id="two output keys swapped"),
    pytest.param("spec.output", {"keys": {}}, id="no output key renamed"),
    pytest.param("spec.output", {"labels": {"a.example/b": "c", "d": ""}}, id="labels with and without a prefix"),
    pytest.param("spec.output", {"includeResult": False}, id="an output without the result"),
    pytest.param("spec.output", {"include": ["counts", "result"]}, id="an output of two parts"),
    pytest.param("spec.output", {"include": []}, id="an output of no part"),
    pytest.param("spec.output", {"annotations": {"lab.example/a": "any text, é"}}, id="an annotation"),
    pytest.param("spec.backoffLimit", 0, id="no further attempt"),
    pytest.param("spec.suspend", True, id="created suspended"),
    pytest.param("spec.cancel", True, id="created cancelled"),
    pytest.param("spec.activeDeadlineSeconds", 1, id="a deadline of one second"),
    pytest.param("spec.queueDeadlineSeconds", 1, id="a queue deadline of one second"),
    pytest.param("spec.ttlSecondsAfterFinished", 0, id="deleted at once"),
    pytest.param("spec.deletionPolicy", "Orphan", id="orphaned on deletion"),
]


@pytest.mark.parametrize(("path", "value"), ACCEPTED)
def test_good_field_is_accepted(resources: CustomResources, path: str, value: Any) -> None:
    """A job that is small but for this field would be created."""
    assert resources.try_create(changed(JOB, path, value)).message == ""


@pytest.mark.parametrize(
    "manifest", [pytest.param(SMALLEST_JOB, id="required fields only"), pytest.param(FULL_JOB, id="every field")]
)
def test_whole_job_is_accepted(resources: CustomResources, manifest: Manifest) -> None:
    """A job would be created as it stands."""
    assert resources.try_create(changed(manifest, "metadata.name", "another")).message == ""


SYNTAX: Final = "should match"
LONG: Final = "may not be more than"
ONE_PROGRAM: Final = "exactly one of source, sourceBase64, configMapKeyRef and secretKeyRef"
REJECTED: Final = [
    pytest.param("metadata.name", NAME_OF_64, "choose a shorter name", id="a name that fits no label"),
    pytest.param("spec", ABSENT, "Required", id="no spec"),
    pytest.param("spec.surprise", 1, "unknown field", id="a field that does not exist"),
    pytest.param("spec.provider", ABSENT, "Required", id="no provider"),
    pytest.param("spec.provider", "", SYNTAX, id="an empty provider"),
    pytest.param("spec.provider", "p" * 129, LONG, id="a provider that is too long"),
    pytest.param("spec.provider", "ionq/../x", SYNTAX, id="a provider with slashes"),
    pytest.param("spec.target", ABSENT, "Required", id="no target"),
    pytest.param("spec.target", "t" * 129, LONG, id="a target that is too long"),
    pytest.param("spec.target", "ionq simulator", SYNTAX, id="a target with a space"),
    pytest.param("spec.name", "", SYNTAX, id="an empty display name"),
    pytest.param("spec.name", "n" * 257, LONG, id="a display name that is too long"),
    pytest.param("spec.name", "two\nlines", SYNTAX, id="a display name of two lines"),
    pytest.param("spec.parameters", {"shots": 0}, "greater than or equal to 1", id="no shots"),
    pytest.param("spec.parameters.shots", 1.5, "must be of type integer", id="half a shot"),
    pytest.param("spec.parameters.shots", "500", "must be of type integer", id="shots as text"),
    pytest.param("spec.parameters.count", 500, "use parameters.shots", id="count instead of shots"),
    pytest.param("spec.parameters", {"shots": 1, "count": 0}, "greater than or equal to 1", id="a count of zero"),
    pytest.param("spec.parameters", [], "must be of type object", id="parameters as a list"),
    pytest.param("spec.program", ABSENT, "Required", id="no program"),
    pytest.param("spec.program.format", ABSENT, "Required", id="no format"),
    pytest.param("spec.program.format", "f" * 129, LONG, id="a format that is too long"),
    pytest.param("spec.program.format", "qir v1", SYNTAX, id="a format with a space"),
    pytest.param("spec.program", program(), ONE_PROGRAM, id="a format without a program"),
    pytest.param("spec.program", program(source="x", sourceBase64="eA=="), ONE_PROGRAM, id="two inline programs"),
    pytest.param(
        "spec.program",
        program(source="x", configMapKeyRef=KEY_REF),
        ONE_PROGRAM,
        id="an inline program and a ConfigMap",
    ),
    pytest.param(
        "spec.program", program(source="x", secretKeyRef=KEY_REF), ONE_PROGRAM, id="an inline program and a Secret"
    ),
    pytest.param("spec.program.source", "", "at least 1", id="an empty source"),
    pytest.param("spec.program.source", "q" * 65_537, "use configMapKeyRef", id="a source over its limit"),
    pytest.param("spec.program.source", "q" * 1_000_001, LONG, id="a source over every limit"),
    *(
        pytest.param("spec.program.sourceBase64", text, SYNTAX, id=f"base64 {what}")
        for text, what in (
            ("no base64!", "that is none"),
            ("Pj4-Pz8_", "in the alphabet of URLs"),
            ("QkPA3g", "without its padding"),
            ("QkPA3g==QkPA", "that goes on behind its padding"),
            ("\n", "of an empty line"),
        )
    ),
    pytest.param(
        "spec.program",
        program(sourceBase64=base64_of(67_501)),
        "use configMapKeyRef",
        id="a binary program over its limit",
    ),
    pytest.param("spec.program.sourceBase64", "", "at least 1", id="an empty binary program"),
    pytest.param("spec.program.sourceBase64", "QUJD" * 250_001, LONG, id="a binary program over every limit"),
    pytest.param("spec.program.configMapKeyRef", {"key": "k"}, "name: Required", id="a ConfigMap without a name"),
    pytest.param("spec.program.configMapKeyRef", {"name": "n"}, "key: Required", id="a ConfigMap without a key"),
    pytest.param("spec.program.configMapKeyRef", KEY_REF | {"name": "A_b"}, SYNTAX, id="an impossible ConfigMap"),
    pytest.param("spec.program.configMapKeyRef", KEY_REF | {"name": DNS_NAME_OF_254}, LONG, id="a long ConfigMap"),
    pytest.param("spec.program.configMapKeyRef", KEY_REF | {"key": ".."}, SYNTAX, id="an impossible ConfigMap key"),
    pytest.param("spec.program.configMapKeyRef", KEY_REF | {"key": "k" * 254}, LONG, id="a long ConfigMap key"),
    pytest.param("spec.program.secretKeyRef", {"key": "k"}, "name: Required", id="a Secret without a name"),
    pytest.param("spec.program.secretKeyRef", {"name": "n"}, "key: Required", id="a Secret without a key"),
    pytest.param("spec.program.secretKeyRef", KEY_REF | {"name": "a/b"}, SYNTAX, id="an impossible Secret"),
    pytest.param("spec.program.secretKeyRef", KEY_REF | {"name": DNS_NAME_OF_254}, LONG, id="a long Secret"),
    pytest.param("spec.program.secretKeyRef", KEY_REF | {"key": "a/b"}, SYNTAX, id="an impossible Secret key"),
    pytest.param("spec.program.secretKeyRef", KEY_REF | {"key": "k" * 254}, LONG, id="a long Secret key"),
    pytest.param("spec.outputFormat", "f" * 129, LONG, id="an output format that is too long"),
    pytest.param("spec.outputFormat", "a b", SYNTAX, id="an output format with a space"),
    pytest.param("spec.workspaceRef", {"namespace": "n"}, "name: Required", id="a workspace without a name"),
    pytest.param("spec.workspaceRef.name", "W", SYNTAX, id="an impossible workspace"),
    pytest.param("spec.workspaceRef.name", DNS_NAME_OF_254, LONG, id="a long workspace name"),
    pytest.param("spec.workspaceRef", {"name": "w", "namespace": "a.b"}, SYNTAX, id="an impossible namespace"),
    pytest.param("spec.workspaceRef", {"name": "w", "namespace": NAME_OF_64}, LONG, id="a long namespace"),
    pytest.param("spec.tags", ["bell", "bell"], "Duplicate value", id="a tag twice"),
    pytest.param("spec.tags", [str(number) for number in range(51)], "must have at most 50 items", id="51 tags"),
    pytest.param("spec.tags", [""], "at least 1", id="an empty tag"),
    pytest.param("spec.tags", ["t" * 257], LONG, id="a tag that is too long"),
    pytest.param(
        "spec.metadata",
        {"quantumjobs.dev/uid": "x"},
        "choose other metadata keys",
        id="the operator's metadata of before",
    ),
    pytest.param("spec.tags", ["quantumjobs_orphaned_by_me"], "choose other tags", id="the operator's tags"),
    pytest.param("spec.metadata", {"quantumjobs_uid": "x"}, "choose other metadata keys", id="the operator's metadata"),
    pytest.param("spec.metadata", {"k" * 129: "v"}, "choose shorter keys", id="a metadata key that is too long"),
    pytest.param("spec.metadata", {"": "v"}, "metadata keys have 1 to 128", id="an empty metadata key"),
    pytest.param("spec.metadata", {"k": "v" * 1025}, LONG, id="a metadata value that is too long"),
    pytest.param("spec.metadata", {"k": 42}, "must be of type string", id="a number as metadata"),
    pytest.param("spec.metadata", {str(key): "" for key in range(51)}, "at most 50 items", id="51 metadata keys"),
    pytest.param("spec.priority", "Low", 'supported values: "Standard", "High"', id="an unknown priority"),
    pytest.param("spec.sessionId", "my session", SYNTAX, id="a session that is no GUID"),
    pytest.param("spec.sessionId", GUID.replace("-", ""), SYNTAX, id="a GUID without dashes"),
    pytest.param("spec.sessionId", GUID + "0", LONG, id="a GUID and more"),
    pytest.param("spec.idempotencyKey", "", SYNTAX, id="an empty key"),
    pytest.param("spec.idempotencyKey", "k" * 254, LONG, id="a key that is too long"),
    pytest.param("spec.idempotencyKey", "a,b=c", SYNTAX, id="a key that no field selector can hold"),
    pytest.param("spec.idempotencyKey", "a\nb", SYNTAX, id="a key of two lines"),
    pytest.param("spec.output.configMapName", "My_Output", SYNTAX, id="an impossible output ConfigMap"),
    pytest.param("spec.output.configMapName", DNS_NAME_OF_254, LONG, id="a long output ConfigMap"),
    pytest.param("spec.output.keys", {"uri": "counts.json"}, "choose another key", id="counts.json is taken"),
    pytest.param("spec.output.keys", {"jobId": "probabilities.json"}, "another key", id="probabilities.json is taken"),
    pytest.param("spec.output.keys", {"state": "result"}, "choose another key", id="result is taken"),
    pytest.param("spec.output.keys", {"provider": "resultOmitted"}, "choose another key", id="resultOmitted is taken"),
    pytest.param("spec.output.keys", {"provider": "countsOmitted"}, "choose another key", id="countsOmitted is taken"),
    pytest.param("spec.output.keys", {"target": "registers"}, "choose another key", id="registers is taken"),
    pytest.param("spec.output.keys", {"uri": "a", "jobId": "a"}, "give each its own", id="two equal output keys"),
    pytest.param(
        "spec.output.keys", {"uri": "target"}, "give each its own", id="an output key that another has anyway"
    ),
    *(
        pytest.param(f"spec.output.keys.{field}", bad, expected, id=f"{field} {what}")
        for field in ("uri", "jobId", "state", "provider", "target")
        for bad, expected, what in (
            ("a/b", SYNTAX, "named with a slash"),
            ("..", SYNTAX, "named like a folder"),
            ("k" * 254, LONG, "with a long name"),
            ("", SYNTAX, "with an empty name"),
        )
    ),
    pytest.param("spec.output.labels", {"quantumjobs.dev/job": "x"}, "choose other keys", id="the operator's label"),
    pytest.param(
        "spec.output.labels",
        {"app.kubernetes.io/managed-by": "x"},
        "choose other keys",
        id="the label that says who made it",
    ),
    pytest.param("spec.output.labels", {"-a": "x"}, "correct the key", id="a label key that begins with a dash"),
    pytest.param("spec.output.labels", {NAME_OF_64: "x"}, "correct the key", id="a label key that is too long"),
    pytest.param("spec.output.labels", {"A_/b": "x"}, "correct the key", id="a label prefix that is no DNS name"),
    pytest.param("spec.output.labels", {"a": "x y"}, SYNTAX, id="a label value with a space"),
    pytest.param("spec.output.labels", {"a": NAME_OF_64}, LONG, id="a label value that is too long"),
    pytest.param("spec.output.labels", {f"l{key}": "" for key in range(33)}, "at most 32 items", id="33 labels"),
    pytest.param(
        "spec.output.annotations", {"quantumjobs.dev/claim": "x"}, "choose other keys", id="the operator's annotation"
    ),
    pytest.param("spec.output.annotations", {"-a": "x"}, "correct the key", id="an annotation's key that is none"),
    pytest.param("spec.output.annotations", {"a": "x" * 1025}, LONG, id="an annotation that is too long"),
    pytest.param("spec.output.include", ["qubits"], "supported values", id="a part that no result has"),
    pytest.param("spec.output.include", ["counts", "counts"], "Duplicate", id="a part twice"),
    pytest.param(
        "spec.output", {"include": ["counts"], "includeResult": True}, "remove includeResult", id="both ways to say it"
    ),
    pytest.param("spec.output.includeResult", "yes", "must be of type boolean", id="yes instead of true"),
    pytest.param("spec.backoffLimit", -1, "greater than or equal to 0", id="fewer than no attempts"),
    pytest.param("spec.backoffLimit", 1001, "less than or equal to 1000", id="attempts without end"),
    pytest.param("spec.suspend", "true", "must be of type boolean", id="suspend as text"),
    pytest.param("spec.cancel", "true", "must be of type boolean", id="cancel as text"),
    *(
        pytest.param(f"spec.{field}", bad, expected, id=f"{field} {what}")
        for field, least in (
            ("activeDeadlineSeconds", 1),
            ("queueDeadlineSeconds", 1),
            ("ttlSecondsAfterFinished", 0),
        )
        for bad, expected, what in (
            (least - 1, f"greater than or equal to {least}", "below its minimum"),
            (2**31, "less than or equal to", "beyond what a date can hold"),
            ("1h", "must be of type integer", "as text"),
        )
    ),
    pytest.param("spec.deletionPolicy", "Keep", 'supported values: "Cancel", "Orphan"', id="an unknown policy"),
]


@pytest.mark.parametrize(("path", "value", "remedy"), REJECTED)
def test_bad_field_is_rejected_with_a_remedy(resources: CustomResources, path: str, value: Any, remedy: str) -> None:
    """A job that is small but for this field is refused, and the message names the field and what is right."""
    message = resources.try_create(changed(JOB, path, value)).message
    assert path in message
    assert remedy in message
