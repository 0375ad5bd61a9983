"""Bad input gets an answer: a rejection, or a condition and a Warning that name the field and the remedy.

Where the spec can still be right, the job goes on by itself when the cause is gone.
"""

import json

import pytest

from cluster import jobs
from cluster.answers import assert_failed, assert_held
from cluster.jobnamespace import FOR_EVER, JobNamespace, condition_of
from localstack.emulated import Emulator
from localstack.manifests import Manifest

pytestmark = pytest.mark.cluster


def from_config_map(name: str = "bell") -> Manifest:
    """A job whose program stands in ConfigMap `programs`, under `bell.json`."""
    program = {"format": "ionq.circuit.v1", "configMapKeyRef": {"name": "programs", "key": "bell.json"}}
    return jobs.job(name, provider="ionq", target="ionq.simulator", program=program)


def from_secret(name: str = "bell") -> Manifest:
    """A job whose program stands in Secret `programs`, under `bell.json`."""
    program = {"format": "ionq.circuit.v1", "secretKeyRef": {"name": "programs", "key": "bell.json"}}
    return jobs.job(name, provider="ionq", target="ionq.simulator", program=program)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        pytest.param({"provider": "nobody"}, ["nobody", "spec.provider"], id="a provider that nobody knows"),
        pytest.param({"target": "ionq.abacus"}, ["ionq.abacus", "target"], id="a target that the provider hasn't got"),
        pytest.param(
            {"target": "ionq.simulater"}, ["the workspace offers", "ionq.simulator of ionq"], id="a slip in the target"
        ),
        pytest.param(
            {"provider": "ionk"}, ["the workspace offers", "ionq.simulator of ionq"], id="a slip in the provider"
        ),
        pytest.param(
            {"program": {"format": "cobol.v1", "source": "STOP RUN."}, "outputFormat": "printout.v1"},
            ["cobol.v1"],
            id="a format that the target doesn't take",
        ),
    ],
)
def test_definition_that_the_service_refuses(place: JobNamespace, spec: Manifest, words: list[str]) -> None:
    """What the service will never take is final at once, and nothing is paid."""
    manifest = jobs.ionq("bell")
    place.wait_reason("default", "Ready", "Connected", kind="quantumworkspace")
    place.apply({**manifest, "spec": {**manifest["spec"], **spec}})
    assert_failed(place, "bell", "Rejected", *words)
    assert place.runs("bell") == []
    assert "finalizers" not in place.job("bell")["metadata"]


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        pytest.param(jobs.quantinuum("bell", jobs.UNPARSABLE_QASM), ["InvalidInputData"], id="OpenQASM with a mistake"),
        pytest.param(jobs.ionq("bell", "{not json"), ["InvalidInputData"], id="JSON that isn't"),
        pytest.param(
            jobs.ionq("bell", parameters={"shots": 10, "noise": {"model": "aria-1"}}),
            ["noise.model", "ideal"],
            id="a value that the target can't honour",
        ),
        pytest.param(
            jobs.ionq("bell", parameters={"shots": 10, "sparkle": True}),
            ["sparkle"],
            id="a parameter that it hasn't got",
        ),
        pytest.param(
            jobs.ionq("bell", parameters={"shots": 10, "count": 20}), ["count", "shots"], id="count beside shots"
        ),
    ],
)
def test_what_the_target_refuses_fails_with_its_words(
    place: JobNamespace, manifest: Manifest, words: list[str]
) -> None:
    """A target that can't run the program or honour a parameter says which, and so does the job."""
    place.apply(manifest)
    assert_failed(place, "bell", "JobFailed", *words)
    error = place.status("bell")["error"]
    assert all(word in f"{error['code']} {error['message']}" for word in words)


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        pytest.param(
            jobs.ionq("bell", parameters={"count": 100}), ["count", "use parameters.shots"], id="count instead of shots"
        ),
        pytest.param(
            jobs.ionq("bell", "{" + " " * 65_536 + "}"),
            ["source", "65,536", "configMapKeyRef"],
            id="an inline program over its limit",
        ),
        pytest.param(
            jobs.ionq("bell", parameters={"shots": 0}),
            ["parameters.shots", "greater than or equal to 1"],
            id="no shots",
        ),
    ],
)
def test_manifest_that_the_api_server_rejects(place: JobNamespace, manifest: Manifest, words: list[str]) -> None:
    """Nothing is stored, and kubectl prints what to do."""
    body = json.dumps(manifest)
    refused = place.stack.cluster.kubectl("create", f"-n={place.name}", "-f", "-", stdin=body, check=False)
    assert refused.returncode != 0
    assert all(word in refused.stderr for word in words)
    assert place.find("quantumjob", "bell") is None


def test_spec_too_large_for_its_status_ends_before_anything_is_sent(place: JobNamespace) -> None:
    """Parameters have no limit in the schema, and are fixed: a spec over 512 KiB says so, and is never claimed."""
    place.apply(jobs.ionq("bell", parameters={"shots": 10, "table": ["x" * 1000] * 540}))
    assert_failed(place, "bell", "Rejected", "512 KiB", "spec.parameters", "configMapKeyRef")
    assert place.runs("bell") == []
    assert "finalizers" not in place.job("bell")["metadata"]


def test_object_too_large_by_its_annotations_goes_on_without_them(place: JobNamespace) -> None:
    """Annotations may be removed: until then nothing is claimed."""
    manifest = jobs.ionq("bell", parameters={"shots": 10, "table": ["x" * 1000] * 400})
    place.apply({**manifest, "metadata": {"name": "bell", "annotations": {"note": "x" * 150_000}}})
    assert_held(place, "bell", "ObjectTooLarge", "512 KiB", "annotations")
    assert "finalizers" not in place.job("bell")["metadata"]
    place.patch("quantumjob", "bell", {"metadata": {"annotations": {"note": None}}})
    place.wait("bell")
    assert len(place.runs("bell")) == 1


@pytest.mark.parametrize(
    ("before", "words"),
    [
        pytest.param(None, ["programs", "create it"], id="no such ConfigMap"),
        pytest.param({"other.json": jobs.BELL}, ["programs", "no key bell.json", "add it"], id="no such key in it"),
    ],
)
def test_missing_program(place: JobNamespace, before: dict[str, str] | None, words: list[str]) -> None:
    """The job waits for its program, and runs when it is there."""
    if before:
        place.apply(jobs.config_map("programs", before))
    place.apply(from_config_map())
    assert_held(place, "bell", "ProgramNotFound", "spec.program.configMapKeyRef", *words)
    place.apply(jobs.config_map("programs", {"bell.json": jobs.BELL}))
    place.wait("bell", "Complete")


def test_secret_that_was_not_made_for_programs_reads_like_a_missing_one(place: JobNamespace) -> None:
    """Nobody learns by a job which Secrets there are; labelled as a program, the same Secret is used."""
    place.apply(from_secret())
    assert_held(place, "bell", "ProgramNotFound", "spec.program.secretKeyRef", "quantumjobs.dev/program")
    missing = condition_of(place.job("bell"), "Submitted")["message"]
    place.apply(jobs.secret("programs", {"bell.json": jobs.BELL}), from_secret("second"))
    assert_held(place, "second", "ProgramNotFound")
    assert condition_of(place.job("second"), "Submitted")["message"] == missing
    place.apply(jobs.secret("programs", {"bell.json": jobs.BELL}, labels={"quantumjobs.dev/program": "true"}))
    place.wait("second", "Complete")


def test_output_name_that_is_taken(place: JobNamespace) -> None:
    """A ConfigMap of somebody else is never touched; the job is sent only once the name is free."""
    place.apply(jobs.config_map("bell-output", {"mine": "keep"}), jobs.ionq("bell"))
    assert_held(place, "bell", "OutputConfigMapConflict", "spec.output.configMapName", "bell-output")
    taken = place.find("configmap", "bell-output")
    assert taken is not None
    assert taken["data"] == {"mine": "keep"}
    assert "ownerReferences" not in taken["metadata"]
    place.kubectl("delete", "configmap", "bell-output")
    place.wait("bell", "Complete")
    assert place.output("bell")["counts.json"]


def test_output_name_that_is_taken_while_the_job_runs(place: JobNamespace, emulator: Emulator) -> None:
    """The job that was paid is not lost: it says what is in the way and delivers when the name is free, or another."""
    emulator.behave(executing_seconds=FOR_EVER)
    place.apply(jobs.ionq("bell"), jobs.ionq("ghz"))
    for name in ("bell", "ghz"):
        place.wait_state(name, "Executing")
    place.apply(jobs.config_map("bell-output", {"mine": "keep"}), jobs.config_map("ghz-output", {"mine": "keep"}))
    place.pass_time()
    for name in ("bell", "ghz"):
        conflict = place.wait_reason(name, "Complete", "OutputConfigMapConflict")
        assert conflict["status"] == "False"
        assert "spec.output.configMapName" in conflict["message"]
        assert place.wait_event(name, "OutputConfigMapConflict").type == "Warning"
    place.kubectl("delete", "configmap", "bell-output")
    place.patch("quantumjob", "ghz", {"spec": {"output": {"configMapName": "free"}}})
    for name in ("bell", "ghz"):
        place.wait(name, "Complete")
        assert len(place.runs(name)) == 1
    assert place.output("ghz") == {"mine": "keep"}
    assert place.status("ghz")["outputConfigMap"] == "free"


def test_format_without_a_usual_result_format(place: JobNamespace) -> None:
    """Neither format can be changed, so nothing is waited for; the known ones are named."""
    program = {"format": "cobol.v1", "source": "STOP RUN."}
    place.apply(jobs.job("bell", provider="ionq", target="ionq.simulator", program=program))
    assert_failed(place, "bell", "Rejected", "'cobol.v1'", "spec.outputFormat", "ionq.circuit.v1", "qir.v1")
    assert place.runs("bell") == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        pytest.param(
            jobs.qir_that_flips_the_first().replace('"entry_point" ', ""),
            ["no function with the attribute entry_point", "parameters.entryPoint"],
            id="none",
        ),
        pytest.param(
            jobs.qir_that_flips_the_first() + "define void @other() #0 {\n  ret void\n}\n",
            ["2 entry points: ENTRYPOINT__main, other", "parameters.entryPoint"],
            id="two",
        ),
    ],
)
def test_program_without_one_entry_point(place: JobNamespace, source: str, words: list[str]) -> None:
    """Refused before anything is paid: the target could only fail, or choose."""
    place.apply(jobs.qir("flip", source))
    assert_failed(place, "flip", "Rejected", *words)
    assert place.runs("flip") == []
