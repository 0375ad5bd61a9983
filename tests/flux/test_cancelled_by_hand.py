"""A job that Flux delivers, cancelled with kubectl: in the ways that the page shows."""

import json
import shlex

import pytest
import yaml

from cluster import jobs
from cluster.jobnamespace import FOR_EVER, condition_of
from flux.delivery import Delivery, files
from localstack.manifests import PROJECT, Manifest

pytestmark = pytest.mark.release

MERGE = {"kustomize.toolkit.fluxcd.io/ssa": "Merge"}


def printed_command() -> list[str]:
    """The command of the page by which a job is cancelled so that Flux leaves it at that."""
    page = (PROJECT / "docs" / "gitops" / "README.md").read_text()
    (command,) = (line for line in page.splitlines() if line.startswith("$ kubectl patch quantumjob "))
    return shlex.split(command)[2:]


def run_and_cancel(delivery: Delivery, command: list[str], annotations: Manifest | None = None) -> str:
    """Deliver a job, cancel it while it runs; returns the revision."""
    place = delivery.place
    place.stack.emulator.behave(executing_seconds=FOR_EVER)
    bell = jobs.ionq("bell")
    bell["metadata"]["annotations"] = annotations or {}
    delivery.begin("accepted.yaml")
    revision = delivery.push(files([bell]))
    delivery.wait_ready(revision)
    place.wait_state("bell", "Executing")
    place.kubectl(*command)
    place.wait("bell")
    return revision


def test_cancelled_as_the_page_shows(delivery: Delivery) -> None:
    """By the field manager whose changes Flux keeps."""
    run_and_cancel(delivery, printed_command())
    for _ in range(2):
        delivery.reconcile()
    job = delivery.place.job("bell")
    assert job["spec"]["cancel"] is True
    assert condition_of(job, "Failed")["status"] == "True"
    assert "spec.cancel" not in delivery.ready()["message"]


def test_cancelled_where_flux_merges(delivery: Delivery) -> None:
    """By any way, where the job is annotated so that Flux keeps what Git doesn't mention."""
    plain = ["patch", "quantumjob", "bell", "--type=merge", "--patch", json.dumps({"spec": {"cancel": True}})]
    run_and_cancel(delivery, plain, MERGE)
    for _ in range(2):
        delivery.reconcile()
    assert delivery.place.job("bell")["spec"]["cancel"] is True
    assert "spec.cancel" not in delivery.ready()["message"]


def test_cancelled_in_another_way_fails_the_kustomization(delivery: Delivery) -> None:
    """Flux would take it back, which the API server refuses; the job stays cancelled."""
    plain = ["patch", "quantumjob", "bell", "--type=merge", "--patch", json.dumps({"spec": {"cancel": True}})]
    run_and_cancel(delivery, plain)
    delivery.reconcile()
    ready = delivery.ready()
    assert (ready["status"], ready["reason"]) == ("False", "ReconciliationFailed")
    assert "cancel" in ready["message"]
    assert delivery.place.job("bell")["spec"]["cancel"] is True


def test_cancelled_in_git(delivery: Delivery) -> None:
    """A commit that sets the field."""
    place = delivery.place
    place.stack.emulator.behave(executing_seconds=FOR_EVER)
    delivery.begin("accepted.yaml")
    delivery.wait_ready(delivery.push(files([jobs.ionq("bell")])))
    place.wait_state("bell", "Executing")
    delivery.push({"jobs/bell.yaml": yaml.safe_dump(jobs.ionq("bell", cancel=True))})
    place.wait("bell")
    assert [run["status"] for run in place.runs("bell")] == ["Cancelled"]
