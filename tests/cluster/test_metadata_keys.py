"""A service that refuses or drops metadata keys: every job that was paid is found again all the same."""

from typing import Final

import pytest

from cluster import jobs
from cluster.jobnamespace import FOR_EVER, JobNamespace, condition_of
from localstack.emulated import Emulator

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

LOST_ANSWER: Final = {"operation": "create-job", "kind": "drop-after", "count": 1}
KEYED: Final = {"idempotencyKey": "run-1"}
RULES: Final = ["kept", "unusual-dropped", "unusual-refused", "dropped"]


def billed(emulator: Emulator, job_id: str) -> int:
    """How many runs of an id are paid; the ledger need not know whose they are."""
    return [run["job"] for run in emulator.ledger()].count(job_id)


@pytest.mark.parametrize("rule", RULES)
def test_a_job_completes(place: JobNamespace, emulator: Emulator, rule: str) -> None:
    """Whatever the service does with metadata, a job without trouble takes its way."""
    emulator.behave(metadata_keys=rule)
    place.apply(jobs.ionq("bell"), jobs.ionq("keyed", **KEYED))
    for name in ("bell", "keyed"):
        place.wait(name, "Complete")


@pytest.mark.parametrize("rule", RULES)
def test_a_job_whose_answer_was_lost_is_found_again(place: JobNamespace, emulator: Emulator, rule: str) -> None:
    """Its id follows from the object's uid, so that silence about the owner is no contradiction."""
    emulator.behave(metadata_keys=rule, repeated_put="second-run")
    emulator.admin("POST", "faults", LOST_ANSWER)
    place.apply(jobs.ionq("bell"))
    place.wait_event("bell", "SubmissionUnconfirmed")
    place.wait("bell", "Complete")
    assert billed(emulator, place.status("bell")["jobId"]) == 1


@pytest.mark.parametrize("rule", RULES[:3])
def test_a_keyed_job_is_taken_over_by_its_next_object(place: JobNamespace, emulator: Emulator, rule: str) -> None:
    """The keys that tell the billable definition survive a service that wants letters, digits and `_`."""
    emulator.behave(metadata_keys=rule, repeated_put="second-run")
    place.apply(jobs.ionq("bell", **KEYED))
    place.wait("bell", "Complete")
    job_id = place.status("bell")["jobId"]
    place.delete("bell")
    place.apply(jobs.ionq("again", **KEYED))
    place.wait("again", "Complete")
    assert place.status("again")["jobId"] == job_id
    assert billed(emulator, job_id) == 1


def test_a_keyed_job_that_tells_nothing_is_waited_for(place: JobNamespace, emulator: Emulator) -> None:
    """It is held with a message, neither failed nor billed again, and another key is a way out."""
    emulator.behave(metadata_keys="dropped", repeated_put="second-run", executing_seconds=FOR_EVER)
    place.apply(jobs.ionq("bell", deletionPolicy="Orphan", **KEYED))
    place.wait_state("bell", "Executing")
    job_id = place.status("bell")["jobId"]
    place.delete("bell")
    place.apply(jobs.ionq("again", **KEYED))
    held = place.wait_reason("again", "Submitted", "OwnerUnknown")
    assert job_id in held["message"]
    assert place.wait_event("again", "OwnerUnknown").type == "Warning"
    place.pass_time()
    emulator.behave(executing_seconds=0.2)
    assert condition_of(place.job("again"), "Submitted")["reason"] == "OwnerUnknown"
    place.apply(jobs.ionq("other", idempotencyKey="run-2"))
    place.wait("other", "Complete")
    place.delete("again")
    assert billed(emulator, job_id) == 1
