"""What GitOps tools do to objects, done to jobs: with an idempotency key nothing is paid a second time."""

import json
from typing import Any

import pytest

from cluster import jobs
from cluster.jobnamespace import JobNamespace, condition_of
from localstack.manifests import Manifest
from localstack.stack import Stack

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

KEY = "run-2026-11"


@pytest.fixture
def place(stack: Stack, request: pytest.FixtureRequest) -> JobNamespace:
    """A namespace of the test's own."""
    return JobNamespace.make(stack, request.node.originalname.removeprefix("test_").replace("_", "-")[:50].strip("-"))


def in_git(**spec: Any) -> Manifest:
    """The manifest as it stands in Git."""
    return jobs.ionq("bell", **spec)


def test_job_that_was_pruned_and_comes_back_finds_its_result(place: JobNamespace) -> None:
    """A tool makes a deleted object anew; under its key it takes over the ended job, once the old output is gone."""
    place.apply(in_git(idempotencyKey=KEY))
    place.wait("bell", "Complete")
    first = place.job("bell")
    # The garbage collector takes its time to remove the old output; here, until we say so.
    place.patch("configmap", "bell-output", {"metadata": {"finalizers": ["example.org/slow"]}})
    place.delete("bell")
    place.apply(in_git(idempotencyKey=KEY))
    held = place.wait_reason("bell", "Submitted", "OutputConfigMapConflict")
    assert "deleted QuantumJob" in held["message"]
    place.patch("configmap", "bell-output", {"metadata": {"finalizers": None}})
    place.kubectl("delete", "configmap", "bell-output", "--ignore-not-found")
    place.wait("bell", "Complete")
    second = place.job("bell")
    assert second["metadata"]["uid"] != first["metadata"]["uid"]
    assert second["status"]["jobId"] == first["status"]["jobId"]
    assert place.output("bell")["counts.json"]
    assert len(place.runs("bell")) == 1


def test_job_without_a_key_that_comes_back_is_paid_again(place: JobNamespace) -> None:
    """Without a key each object is a billable definition of its own: what the documentation warns of."""
    for name in ("first", "second"):
        place.apply(in_git(output={"configMapName": name}))
        place.wait("bell", "Complete")
        place.delete("bell")
    assert len(place.runs("bell")) == 2


def test_changed_program_under_the_old_key_is_refused(place: JobNamespace) -> None:
    """Deleted and made anew with another program (`force`): the key stands for the first one."""
    place.apply(in_git(idempotencyKey=KEY))
    place.wait("bell", "Complete")
    place.delete("bell")
    place.apply(jobs.ionq("bell", jobs.X_ON_FIRST, idempotencyKey=KEY))
    place.wait("bell")
    assert condition_of(place.job("bell"), "Failed")["reason"] == "IdempotencyKeyReused"
    assert len(place.runs("bell")) == 1


def test_job_that_is_replaced_while_it_runs_goes_on(place: JobNamespace) -> None:
    """`kubectl replace` (Argo CD's `Replace=true`) strips finalizer and claim; the job is found again."""
    place.stack.emulator.behave(executing_seconds=3)
    try:
        place.apply(in_git())
        place.wait_state("bell", "Executing")
        place.kubectl("replace", "-f", "-", stdin=json.dumps(in_git()))
        place.wait("bell", "Complete")
    finally:
        place.stack.emulator.admin("DELETE", "settings")
    assert len(place.runs("bell")) == 1


def test_cancel_that_git_does_not_mention_survives_an_apply(place: JobNamespace) -> None:
    """The field that the action sets belongs to nobody's manifest, so an apply of Git's version leaves it."""
    place.apply(in_git(workspaceRef={"name": "later"}))
    place.wait_reason("bell", "Submitted", "WorkspaceNotFound")
    place.patch("quantumjob", "bell", {"spec": {"cancel": True}})
    place.apply(in_git(workspaceRef={"name": "later"}))
    assert place.job("bell")["spec"]["cancel"] is True
    place.wait("bell")


def test_nothing_is_written_into_the_spec(place: JobNamespace) -> None:
    """What is in the cluster is what is in Git, to the letter: no tool has a difference to show."""
    manifest = in_git(output={"labels": {"experiment": "42"}}, idempotencyKey=KEY)
    place.apply(manifest)
    place.wait("bell", "Complete")
    job = place.job("bell")
    assert job["spec"] == manifest["spec"]
    assert "labels" not in job["metadata"]
    assert job["metadata"].get("annotations", {}).keys() <= {"quantumjobs.dev/claim"}
