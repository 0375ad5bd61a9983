"""`kubectl replace`, with and without `--force`, of jobs that run or have ended."""

import json
from typing import Final

import pytest

from cluster import jobs
from cluster.jobnamespace import JobNamespace, condition_of, eventually
from localstack.emulated import Emulator
from localstack.manifests import Manifest
from restores.runs import ENDLESS, endless, run_status

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

KEY: Final = "run-2026-11"
OWNED: Final = ["quantumjobs.dev/cancel"]


def replace(place: JobNamespace, manifest: Manifest, *options: str) -> None:
    """`kubectl replace`, as a user who has only the first manifest."""
    place.kubectl("replace", *options, "-f", "-", stdin=json.dumps(manifest), timeout=90)


@pytest.mark.parametrize("attempts", [pytest.param(1, id="in its first attempt"), pytest.param(2, id="in its second")])
def test_running_job_that_is_replaced_stays_owned(place: JobNamespace, emulator: Emulator, attempts: int) -> None:
    """Finalizer and claim come back with the right attempt, and deletion cancels it."""
    emulator.behave(targets=ENDLESS)
    manifest = endless("ghz", suspend=False)
    place.apply(manifest)
    place.wait_state("ghz", "Executing")
    for _ in range(1, attempts):
        place.patch("quantumjob", "ghz", {"spec": {"suspend": True}})
        place.wait_state("ghz", "Suspended")
        place.patch("quantumjob", "ghz", {"spec": {"suspend": False}})
        place.wait_state("ghz", "Executing")
    replace(place, manifest)
    eventually(lambda: place.job("ghz")["metadata"].get("finalizers") == OWNED)
    claim = json.loads(place.job("ghz")["metadata"]["annotations"]["quantumjobs.dev/claim"])
    assert claim["attempt"] == place.status("ghz")["attempt"] == attempts
    place.delete("ghz")
    assert [run["status"] for run in place.runs("ghz")] == ["Cancelled"] * attempts
    assert len({run["job"] for run in place.runs("ghz")}) == attempts


def test_finished_job_with_a_key_that_is_replaced_by_force_is_not_paid_again(place: JobNamespace) -> None:
    """The new object takes over the ended job, with its output."""
    manifest = jobs.ionq("bell", idempotencyKey=KEY)
    place.apply(manifest)
    place.wait("bell", "Complete")
    first = place.job("bell")
    replace(place, manifest, "--force")
    place.wait("bell", "Complete")
    second = place.job("bell")
    assert second["metadata"]["uid"] != first["metadata"]["uid"]
    assert second["status"]["jobId"] == first["status"]["jobId"]
    eventually(lambda: place.find("configmap", "bell-output"))
    assert len(place.runs("bell")) == 1


def test_running_job_that_is_replaced_by_force_is_cancelled_and_paid_again(
    place: JobNamespace, emulator: Emulator
) -> None:
    """Without a key each object is a billable definition of its own; the old one does not run on beside it."""
    emulator.behave(targets=ENDLESS)
    manifest = endless("ghz")
    place.apply(manifest)
    place.wait_state("ghz", "Executing")
    replace(place, manifest, "--force")
    place.wait_state("ghz", "Executing")
    assert [run["status"] for run in place.runs("ghz")] == ["Cancelled", "Executing"]
    place.delete("ghz")


def test_running_job_with_a_key_that_is_replaced_by_force_ends_cancelled(
    place: JobNamespace, emulator: Emulator
) -> None:
    """The deletion that `--force` begins with cancels it, and the key stands for that job: another key pays again."""
    emulator.behave(targets=ENDLESS)
    manifest = endless("ghz", idempotencyKey=KEY)
    place.apply(manifest)
    place.wait_state("ghz", "Executing")
    replace(place, manifest, "--force")
    place.wait("ghz")
    ended = condition_of(place.job("ghz"), "Failed")
    assert ended["reason"] == "CancelledExternally"
    assert "idempotencyKey" in ended["message"]
    assert run_status(place, "ghz") == "Cancelled"
