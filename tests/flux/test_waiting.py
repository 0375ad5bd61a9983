"""While Flux waits for jobs: which commits it takes, and whom it keeps from being served."""

from collections.abc import Iterator

import pytest
import yaml

from cluster import jobs
from cluster.jobnamespace import FOR_EVER, eventually
from flux.controllers import Controllers
from flux.delivery import NAME, Delivery, files, removed, sample

pytestmark = pytest.mark.release


@pytest.fixture
def changed_flux(flux: Controllers) -> Iterator[Controllers]:
    """To be restarted with other arguments."""
    yield flux
    flux.restart()


def begin_to_wait(delivery: Delivery) -> None:
    """Deliver a job that runs for ever, and see Flux wait for it."""
    delivery.place.stack.emulator.behave(executing_seconds=FOR_EVER)
    delivery.begin(prune=True)
    delivery.push(files([jobs.ionq("bell")]))
    delivery.place.wait("bell", "create")
    delivery.place.wait_state("bell", "Executing")


def test_newer_commit_is_not_taken_while_flux_waits(delivery: Delivery) -> None:
    """A removed job runs on and a new one is not made, until the jobs before have ended."""
    place = delivery.place
    begin_to_wait(delivery)
    revision = delivery.push({**removed("bell"), **files([jobs.ionq("new")])})
    delivery.request()
    with pytest.raises(AssertionError, match="still None"):
        eventually(lambda: place.find("quantumjob", "new"), within=15)
    assert place.status("bell")["state"] == "Executing"
    place.pass_time()
    place.wait("new", "create")
    place.wait_state("new", "Executing")
    place.pass_time()
    delivery.wait_ready(revision)
    assert [run["status"] for run in place.runs("bell")] == ["Succeeded"]


def test_newer_commit_ends_the_waiting_where_flux_is_told_so(changed_flux: Controllers, delivery: Delivery) -> None:
    """By the feature gate that the page names: the removed job is cancelled, the new one runs."""
    place = delivery.place
    changed_flux.restart("--feature-gates=CancelHealthCheckOnNewRevision=true")
    begin_to_wait(delivery)
    place.stack.emulator.admin("DELETE", "settings")
    delivery.wait_ready(delivery.push({**removed("bell"), **files([jobs.ionq("new")])}))
    place.wait("bell", "delete")
    assert [run["status"] for run in place.runs("bell")] == ["Cancelled"]
    assert delivery.paid("new") == {"new": 1}


def test_waiting_keeps_a_worker(changed_flux: Controllers, delivery: Delivery) -> None:
    """With as many workers as Kustomizations that wait, nothing else is delivered."""
    place = delivery.place
    changed_flux.restart("--concurrent=1")
    begin_to_wait(delivery)
    other = sample("accepted.yaml")
    other["metadata"]["name"] = "others"
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}, "data": {"a": "b"}}
    revision = delivery.push({"others/other.yaml": yaml.safe_dump(config)})
    delivery.begin(other, path="./others")
    with pytest.raises(AssertionError, match="still None"):
        eventually(lambda: place.find("configmap", "other"), within=15)
    place.pass_time()
    delivery.wait_ready(revision, "others")
    delivery.wait_ready(revision, NAME)
