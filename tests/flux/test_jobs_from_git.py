"""Jobs in a Git repository, delivered by Flux itself: what its Kustomization says of them, and what it does to them."""

import pytest

from cluster import jobs
from cluster.jobnamespace import FOR_EVER, condition_of, eventually
from flux.delivery import Delivery, files, removed

pytestmark = pytest.mark.release

KEY = "run-2026-11"


def test_kustomization_is_ready_when_the_jobs_have_succeeded(delivery: Delivery) -> None:
    """And not before: for as long as a job runs, Flux waits."""
    place = delivery.place
    place.stack.emulator.behave(executing_seconds=FOR_EVER)
    delivery.begin()
    revision = delivery.push(files([jobs.ionq("bell"), jobs.quantinuum("ghz")]))
    for name in ("bell", "ghz"):
        place.wait(name, "create")
        place.wait_state(name, "Executing")
    assert delivery.ready()["status"] == "Unknown"
    place.pass_time()
    delivery.wait_ready(revision)
    assert [place.status(name)["state"] for name in ("bell", "ghz")] == ["Succeeded", "Succeeded"]
    assert delivery.paid("bell", "ghz") == {"bell": 1, "ghz": 1}


def test_failed_job_fails_the_kustomization_early(delivery: Delivery) -> None:
    """Hours before its `timeout`, in words that name the job."""
    delivery.begin()
    revision = delivery.push(files([jobs.ionq("bell"), jobs.quantinuum("broken", jobs.UNPARSABLE_QASM)]))
    message = delivery.wait_failed(revision)
    assert "failed early due to stalled resources" in message
    assert f"QuantumJob/{delivery.place.name}/broken" in message
    assert delivery.ready()["reason"] == "HealthCheckFailed"


def test_kustomization_is_ready_again_once_the_failed_job_is_gone(delivery: Delivery) -> None:
    """A new run is a new file."""
    delivery.begin(prune=True)
    delivery.wait_failed(delivery.push(files([jobs.quantinuum("broken", jobs.UNPARSABLE_QASM)])))
    delivery.wait_ready(delivery.push({**removed("broken"), **files([jobs.quantinuum("mended")])}))
    delivery.place.wait("broken", "delete")
    assert delivery.paid("mended") == {"mended": 1}


def test_accepted_is_enough_where_the_sample_says_so(delivery: Delivery) -> None:
    """Ready while the machine's queue is as long as nobody waits."""
    delivery.place.stack.emulator.behave(waiting_seconds=FOR_EVER)
    delivery.begin("accepted.yaml")
    delivery.wait_ready(delivery.push(files([jobs.ionq("bell")])))
    delivery.place.wait_state("bell", "Waiting")


def test_file_that_is_removed_cancels_its_job(delivery: Delivery) -> None:
    """With `prune: true`: cancelled at the service, and gone when it says so; its neighbour goes on."""
    place = delivery.place
    place.stack.emulator.behave(executing_seconds=FOR_EVER)
    delivery.begin("accepted.yaml", prune=True)
    delivery.wait_ready(delivery.push(files([jobs.ionq("bell"), jobs.ionq("other")])))
    place.wait_state("bell", "Executing")
    delivery.wait_ready(delivery.push(removed("bell")))
    place.wait("bell", "delete")
    place.pass_time()
    place.wait("other", "Complete")
    ((bell,), (other,)) = (place.runs(name) for name in ("bell", "other"))
    assert (bell["status"], other["status"]) == ("Cancelled", "Succeeded")


def test_file_that_is_removed_leaves_its_job_where_pruning_is_off(delivery: Delivery) -> None:
    """As the samples have it."""
    delivery.begin()
    delivery.wait_ready(delivery.push(files([jobs.ionq("bell"), jobs.ionq("other")])))
    delivery.wait_ready(delivery.push(removed("bell")))
    assert delivery.place.status("bell")["state"] == "Succeeded"


def test_job_that_was_pruned_and_comes_back_finds_its_result(delivery: Delivery) -> None:
    """Under its key; a revert in Git costs nothing."""
    place = delivery.place
    delivery.begin(prune=True)
    in_git = files([jobs.ionq("bell", idempotencyKey=KEY), jobs.ionq("other")])
    delivery.wait_ready(delivery.push(in_git))
    first = place.job("bell")
    delivery.wait_ready(delivery.push(removed("bell")))
    place.wait("bell", "delete")
    delivery.wait_ready(delivery.push(in_git))
    second = place.job("bell")
    assert second["metadata"]["uid"] != first["metadata"]["uid"]
    assert second["status"]["jobId"] == first["status"]["jobId"]
    assert delivery.paid("bell") == {"bell": 1}


def test_changed_program_is_refused_and_costs_nothing(delivery: Delivery) -> None:
    """The Kustomization says which field it is, and applies nothing of that commit."""
    delivery.begin()
    delivery.wait_ready(delivery.push(files([jobs.ionq("bell")])))
    before = delivery.versions("bell")
    message = delivery.wait_failed(delivery.push(files([jobs.ionq("bell", jobs.X_ON_FIRST), jobs.ionq("new")])))
    assert "spec.program" in message
    assert delivery.versions("bell") == before
    assert delivery.paid("bell") == {"bell": 1}
    assert delivery.place.find("quantumjob", "new") is None


@pytest.mark.parametrize(
    ("spec", "paid"),
    [
        pytest.param({"idempotencyKey": KEY}, 1, id="a key stands for the first program"),
        pytest.param({}, 2, id="without a key it is billed"),
    ],
)
def test_force_makes_a_changed_job_anew(delivery: Delivery, spec: dict[str, str], paid: int) -> None:
    """What the page warns of."""
    place = delivery.place
    delivery.begin(force=True)
    delivery.wait_ready(delivery.push(files([jobs.ionq("bell", **spec)])))
    before = delivery.versions("bell")
    delivery.push(files([jobs.ionq("bell", jobs.X_ON_FIRST, **spec)]))
    eventually(lambda: delivery.versions("bell") not in ({}, before))
    place.wait("bell")
    assert delivery.paid("bell") == {"bell": paid}
    if paid == 1:
        assert condition_of(place.job("bell"), "Failed")["reason"] == "IdempotencyKeyReused"


def test_kustomization_that_is_deleted_cancels_what_it_would_prune(delivery: Delivery) -> None:
    """Flux takes down what it has delivered."""
    place = delivery.place
    place.stack.emulator.behave(executing_seconds=FOR_EVER)
    delivery.begin("accepted.yaml", prune=True)
    delivery.wait_ready(delivery.push(files([jobs.ionq("bell")])))
    place.kubectl("delete", "kustomization.kustomize.toolkit.fluxcd.io", "quantum-jobs", "--timeout=60s", timeout=90)
    place.wait("bell", "delete")
    assert [run["status"] for run in place.runs("bell")] == ["Cancelled"]
