"""Outages of what the operator stands on: it stays alive, forgets nothing, and goes on by itself."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Final

import httpx
import pytest

from cluster import jobs
from cluster.jobnamespace import JobNamespace, eventually
from localstack import manifests
from localstack.emulated import Emulator
from localstack.operated import Operator
from localstack.stack import Stack

pytestmark = pytest.mark.cluster

_CRD_SECONDS: Final = 120.0


def probe(operator: Operator, path: str) -> int:
    """The status of one of the operator's probes."""
    return httpx.get(f"{operator.url}/{path}", trust_env=False).status_code


def assert_done_once(place: JobNamespace, name: str) -> None:
    """The job completes with its output, and was paid once."""
    place.wait(name, "Complete")
    assert place.output(name)["counts.json"]
    assert [run["status"] for run in place.runs(name)] == ["Succeeded"]


def test_api_server_that_restarts(stack: Stack, place: JobNamespace, emulator: Emulator) -> None:
    """Jobs that run meanwhile end well, and so do those that come afterwards; the operator is the same process."""
    emulator.behave(executing_seconds=1)
    pid = stack.operator.pid
    place.apply(jobs.ionq("during"))
    place.wait_state("during", "Executing")
    stack.cluster.stop_api_server()
    eventually(lambda: emulator.ledger()[-1]["status"] == "Succeeded")
    assert probe(stack.operator, "healthz") == HTTPStatus.OK
    stack.cluster.start_api_server()
    assert_done_once(place, "during")
    place.apply(jobs.ionq("after"))
    assert_done_once(place, "after")
    assert stack.operator.running
    assert stack.operator.pid == pid


def test_azure_that_is_down(stack: Stack, place: JobNamespace, emulator: Emulator) -> None:
    """The operator is alive and ready; workspace and waiting jobs say what is wrong; all jobs end well afterwards."""
    emulator.behave(executing_seconds=1)
    place.apply(jobs.ionq("running"))
    place.wait_state("running", "Executing")
    emulator.kill()
    try:
        place.apply(jobs.ionq("waiting"))
        held = place.wait_reason("waiting", "Submitted", "ServiceUnavailable")
        assert held["status"] == "False"
        assert place.wait_event("waiting", "ServiceUnavailable").type == "Warning"
        assert probe(stack.operator, "healthz") == HTTPStatus.OK
        assert probe(stack.operator, "readyz") == HTTPStatus.OK
        assert place.status("running")["state"] == "Executing"
    finally:
        emulator.start()
    assert_done_once(place, "running")
    assert_done_once(place, "waiting")


def test_deletion_outlasts_an_outage(place: JobNamespace, emulator: Emulator) -> None:
    """A job deleted while Azure is down stays until Azure can be asked again."""
    emulator.behave(executing_seconds=600)
    place.apply(jobs.ionq("bell"))
    place.wait_state("bell", "Executing")
    emulator.kill()
    try:
        place.delete("bell", wait=False)
        place.wait("bell", "jsonpath={.status.cancellation.reason}=Deleted")
    finally:
        emulator.start()
    place.wait("bell", "delete")
    assert [run["status"] for run in place.runs("bell")] == ["Cancelled"]


@pytest.fixture
def bare() -> Iterator[Stack]:
    """A system of its own without CRDs, and with an operator that isn't started."""
    with Stack.start(start_operator=False, operator_args=["--poll-min-seconds=0.3"]) as started:
        started.kubectl("delete", "quantumworkspace", "default")
        delete_crds(started)
        yield started


def delete_crds(stack: Stack) -> None:
    """Delete the CRDs and wait until they are gone: after a change of a CRD the API server may take a minute."""
    stack.kubectl("delete", "-f", manifests.CRDS, timeout=_CRD_SECONDS)


def install_crds(stack: Stack) -> None:
    """Install the CRDs, wait until they are served, and make the workspace `default` anew."""
    stack.apply(manifests.CRDS)
    stack.wait(f"--filename={manifests.CRDS}", "Established")
    stack.add_workspace("default")


def test_crds_that_come_late_and_go_again(bare: Stack) -> None:
    """Without its CRDs the operator is alive and not ready; whenever they are there, it serves.

    Deleting them deletes the jobs: one that executes is cancelled before its CRD goes.
    """
    place, operator = JobNamespace(bare, "default"), bare.operator
    with ThreadPoolExecutor() as side:
        starting = side.submit(operator.start)
        eventually(lambda: operator.log.exists() and "not served" in operator.log.read_text())
        assert probe(operator, "healthz") == HTTPStatus.OK
        assert probe(operator, "readyz") == HTTPStatus.SERVICE_UNAVAILABLE
        install_crds(bare)
        starting.result()
    pid = operator.pid
    place.apply(jobs.ionq("first"))
    assert_done_once(place, "first")

    bare.emulator.behave(executing_seconds=600)
    place.apply(jobs.ionq("second"))
    place.wait_state("second", "Executing")
    delete_crds(bare)
    assert [run["status"] for run in place.runs("second")] == ["Cancelled"]
    assert probe(operator, "healthz") == HTTPStatus.OK

    bare.emulator.behave(executing_seconds=0)
    install_crds(bare)
    place.apply(jobs.ionq("third"))
    assert_done_once(place, "third")
    assert operator.running
    assert operator.pid == pid
