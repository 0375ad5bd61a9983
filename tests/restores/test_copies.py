"""Objects that were written out and created again: nothing is billed a copy before somebody asks for it."""

import json
from typing import Final

import pytest

from cluster import jobs
from cluster.jobnamespace import JobNamespace, condition_of, eventually
from localstack.emulated import Emulator
from localstack.manifests import Manifest
from localstack.stack import Stack
from restores.runs import ENDLESS, endless, operator_stopped, run_status

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

ANNOTATION: Final = "quantumjobs.dev/claim"


def dump(place: JobNamespace, name: str) -> Manifest:
    """What `kubectl get -o yaml` shows, without the one field that the API server refuses on creation."""
    body = place.job(name)
    del body["metadata"]["resourceVersion"]
    return body


def create(place: JobNamespace, body: Manifest, name: str) -> None:
    """`kubectl create` of a dump, with its claim, finalizer and status."""
    body["metadata"]["name"] = name
    place.kubectl("create", "-f", "-", stdin=json.dumps(body))


def is_held(place: JobNamespace, name: str) -> None:
    """It says why, and nothing holds back its deletion."""
    told = place.wait_reason(name, "Submitted", "CopiedObject")
    assert ANNOTATION in told["message"]
    eventually(lambda: "finalizers" not in place.job(name)["metadata"])


def ask_for_it(place: JobNamespace, name: str) -> None:
    """Do what the message says."""
    place.kubectl("annotate", "quantumjob", name, f"{ANNOTATION}-")


def test_copy_of_a_running_job_under_a_new_name_is_no_second_purchase(place: JobNamespace, emulator: Emulator) -> None:
    """It is held, it can be deleted without harm to the original, and asked for it runs on its own account."""
    emulator.behave(targets=ENDLESS)
    place.apply(endless("bell"))
    place.wait_state("bell", "Executing")
    body = dump(place, "bell")
    assert body["metadata"]["finalizers"]
    for name in ("discarded", "wanted"):
        create(place, body, name)
        is_held(place, name)
    place.delete("discarded")
    assert [len(place.runs(name)) for name in ("bell", "discarded", "wanted")] == [1, 0, 0]
    assert run_status(place, "bell") == "Executing"
    ask_for_it(place, "wanted")
    place.wait_state("wanted", "Executing")
    place.delete("wanted")
    assert run_status(place, "wanted") == "Cancelled"
    assert run_status(place, "bell") == "Executing"
    place.delete("bell")


def test_job_that_is_made_anew_from_its_own_dump_is_no_second_purchase(
    stack: Stack, place: JobNamespace, emulator: Emulator
) -> None:
    """It has its old name and a new uid: held, deletable while no operator runs, and billed again once asked for."""
    emulator.behave(targets=ENDLESS)
    place.apply(endless("bell"))
    place.wait_state("bell", "Executing")
    body = dump(place, "bell")
    place.delete("bell")
    assert run_status(place, "bell") == "Cancelled"
    create(place, body, "bell")
    is_held(place, "bell")
    with operator_stopped(stack):
        place.delete("bell")
        create(place, body, "bell")
    is_held(place, "bell")
    assert run_status(place, "bell") == "Cancelled"
    ask_for_it(place, "bell")
    place.wait_state("bell", "Executing")
    place.delete("bell")
    assert [run["status"] for run in place.runs("bell")] == ["Cancelled", "Cancelled"]
    assert len({run["job"] for run in place.runs("bell")}) == 2


@pytest.mark.parametrize(
    ("key", "billed"),
    [
        pytest.param({}, 2, id="without a key asking for it means paying"),
        pytest.param({"idempotencyKey": "run-1"}, 1, id="with a key the first result is taken over"),
    ],
)
def test_copy_of_a_finished_job_is_held_too(place: JobNamespace, key: dict[str, str], billed: int) -> None:
    """Its dump says Succeeded, which the API server drops; the claim alone tells that it is a copy."""
    place.apply(jobs.ionq("bell", **key))
    place.wait("bell", "Complete")
    body = dump(place, "bell")
    place.delete("bell")
    create(place, body, "again")
    is_held(place, "again")
    assert len(place.runs("bell")) + len(place.runs("again")) == 1
    ask_for_it(place, "again")
    place.wait("again", "Complete")
    assert condition_of(place.job("again"), "Submitted")["status"] == "True"
    assert place.output("again")["counts.json"]
    assert len(place.runs("bell")) + len(place.runs("again")) == billed
