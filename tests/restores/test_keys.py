"""Several objects with one idempotency key: billed once, whoever comes, goes or asks for something else."""

from typing import Any, Final

import pytest

from cluster import jobs
from cluster.jobnamespace import JobNamespace, condition_of
from localstack.emulated import Emulator
from localstack.manifests import Manifest
from restores.runs import ENDLESS, endless, run_status

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

KEY: Final = {"idempotencyKey": "run-2026-11"}


def all_runs(place: JobNamespace, *names: str) -> list[Manifest]:
    """The paid runs of several objects."""
    return [run for name in names for run in place.runs(name)]


def test_objects_with_one_key_share_one_purchase(place: JobNamespace) -> None:
    """Created in one go, one of them submits; the others take over its job, each with an output of its own."""
    names = ("first", "second", "third")
    place.apply(*(jobs.ionq(name, **KEY) for name in names))
    for name in names:
        place.wait(name, "Complete")
        assert place.output(name)["counts.json"]
    assert len({place.status(name)["jobId"] for name in names}) == 1
    assert len(all_runs(place, *names)) == 1


def test_owner_that_is_deleted_while_its_job_runs_takes_the_job_along(place: JobNamespace, emulator: Emulator) -> None:
    """The one that waited finds the cancelled job under the key, and pays for no other."""
    emulator.behave(targets=ENDLESS)
    place.apply(endless("owner", **KEY))
    place.wait_state("owner", "Executing")
    place.apply(endless("waiting", **KEY))
    held = place.wait_reason("waiting", "Submitted", "DuplicateIdempotencyKey")
    assert "owner" in held["message"]
    assert "finalizers" not in place.job("waiting")["metadata"]
    place.delete("owner")
    assert run_status(place, "owner") == "Cancelled"
    place.wait("waiting")
    ended = condition_of(place.job("waiting"), "Failed")
    assert ended["reason"] == "CancelledExternally"
    assert "idempotencyKey" in ended["message"]
    assert len(all_runs(place, "owner", "waiting")) == 1


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"source": jobs.X_ON_FIRST_QASM}, id="another program"),
        pytest.param({"parameters": {"shots": 7}}, id="other parameters"),
    ],
)
def test_key_that_is_used_for_something_else_is_refused(
    place: JobNamespace, emulator: Emulator, other: dict[str, Any]
) -> None:
    """The job that stands under the key has another billable definition: it runs on whatever the newcomer does."""
    emulator.behave(targets=ENDLESS)
    place.apply(endless("first", deletionPolicy="Orphan", **KEY))
    place.wait_state("first", "Executing")
    place.delete("first")
    manifest = endless("second", **{**KEY, **other})
    place.apply(manifest)
    place.wait("second")
    assert condition_of(place.job("second"), "Failed")["reason"] == "IdempotencyKeyReused"
    place.delete("second")
    assert run_status(place, "first") == "Executing"
    assert place.runs("second") == []
