"""Outages of what the operator stands on: it stays alive, forgets nothing, and goes on by itself."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Final

import httpx
import pytest

from cluster import jobs
from cluster.jobnamespace import FOR_EVER, JobNamespace, eventually
from localstack import manifests
from localstack.emulated import Emulator
from localstack.operated import Operator
from localstack.stack import Stack

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

_CRD_SECONDS: Final = 300.0


def probe(operator: Operator, path: str) -> int:
    """The status of one of the operator's probes."""
    return httpx.get(f"{operator.url}/{path}", trust_env=False).status_code


def assert_done_once(place: JobNamespace, name: str) -> None:
    """The job completes with its output, and was billed once."""
    place.wait(name, "Complete")
    assert place.output(name)["counts.json"]
    assert [run["status"] for run in place.runs(name)] == ["Succeeded"]


def test_api_server_that_restarts(stack: Stack, place: JobNamespace, emulator: Emulator) -> None:
    """Jobs that run meanwhile end well, and so do those that come afterwards; the operator is the same process."""
    emulator.behave(executing_seconds=FOR_EVER)
    pid = stack.operator.pid
    place.apply(jobs.ionq("during"))
    place.wait_state("during", "Executing")
    stack.cluster.stop_api_server()
    emulator.behave(executing_seconds=0)
    place.pass_time()
    eventually(lambda: emulator.ledger()[-1]["status"] == "Succeeded")
    health = httpx.get(f"{stack.operator.url}/healthz", trust_env=False)
    assert health.status_code == HTTPStatus.OK
    assert place.name not in health.text, "anybody who reaches the port would read whose jobs are polled"
    stack.cluster.start_api_server()
    assert_done_once(place, "during")
    place.apply(jobs.ionq("after"))
    assert_done_once(place, "after")
    assert stack.operator.running
    assert stack.operator.pid == pid


def test_azure_that_is_down(stack: Stack, place: JobNamespace, emulator: Emulator) -> None:
    """The operator is alive and ready; workspace and waiting jobs say what is wrong; all jobs end well afterwards."""
    emulator.behave(executing_seconds=FOR_EVER)
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
    place.pass_time()
    assert_done_once(place, "running")
    assert_done_once(place, "waiting")


def test_deletion_outlasts_an_outage(place: JobNamespace, emulator: Emulator) -> None:
    """A job deleted while Azure answers nobody stays until it can be asked again."""
    emulator.behave(executing_seconds=FOR_EVER)
    place.apply(jobs.ionq("bell"))
    place.wait_state("bell", "Executing")
    emulator.admin("POST", "faults", {"kind": "drop-before"})
    place.delete("bell", wait=False)
    place.wait("bell", "jsonpath={.status.cancellation.requestedTime}")
    emulator.admin("DELETE", "faults")
    place.wait("bell", "delete")
    assert [run["status"] for run in place.runs("bell")] == ["Cancelled"]


class BareStack(Stack):
    """A system whose cluster has no CRDs yet."""

    def _install(self) -> None:
        self.apply(manifests.namespace(manifests.SYSTEM_NAMESPACE))
        self.apply(manifests.RBAC, namespace=manifests.SYSTEM_NAMESPACE)

    def install_crds(self) -> None:
        """Install the CRDs, wait until they are served, and make the workspace `default`."""
        self.apply(manifests.CRDS)
        self.cluster.wait_until_established("-f", manifests.CRDS)
        self.add_workspace("default")


@pytest.fixture
def bare() -> Iterator[BareStack]:
    """A system of its own, because its CRDs come and go; the operator isn't started."""
    with BareStack.start(start_operator=False, operator_args=["--poll-min-seconds=0.3"]) as started:
        yield started


def test_crds_that_come_late(bare: BareStack) -> None:
    """Without its CRDs the operator is alive and not ready; it serves as soon as they are there."""
    place, operator = JobNamespace(bare, "default"), bare.operator
    with ThreadPoolExecutor() as side:
        starting = side.submit(operator.start)
        eventually(lambda: operator.log.exists() and "not served" in operator.log.read_text())
        assert probe(operator, "healthz") == HTTPStatus.OK
        assert probe(operator, "readyz") == HTTPStatus.SERVICE_UNAVAILABLE
        bare.install_crds()
        starting.result()
    place.apply(jobs.ionq("bell"))
    assert_done_once(place, "bell")


@pytest.mark.slow  # the API server may take minutes to remove a CRD
def test_crds_that_go_and_come_again(bare: BareStack) -> None:
    """A job that executes is cancelled before its CRD goes; the same process serves when the CRDs are back."""
    place, operator = JobNamespace(bare, "default"), bare.operator
    bare.install_crds()
    operator.start()
    pid = operator.pid
    bare.emulator.behave(executing_seconds=FOR_EVER)
    place.apply(jobs.ionq("first"))
    place.wait_state("first", "Executing")
    bare.kubectl("delete", "-f", manifests.CRDS, timeout=_CRD_SECONDS)
    assert [run["status"] for run in place.runs("first")] == ["Cancelled"]
    assert probe(operator, "healthz") == HTTPStatus.OK
    bare.emulator.behave(executing_seconds=0)
    bare.install_crds()
    place.apply(jobs.ionq("second"))
    assert_done_once(place, "second")
    assert operator.running
    assert operator.pid == pid


@pytest.mark.slow  # as above
def test_watch_that_fails_is_started_anew(bare: BareStack) -> None:
    """One kind goes and comes while nobody asks for it but the watch: what is applied then is seen at once."""
    place, operator = JobNamespace(bare, "default"), bare.operator
    bare.install_crds()
    operator.start()
    bare.kubectl("delete", "customresourcedefinition", "quantumworkspaces.quantumjobs.dev", timeout=_CRD_SECONDS)
    eventually(lambda: "has failed" in operator.log.read_text())
    bare.install_crds()
    place.apply(jobs.ionq("bell"))
    assert_done_once(place, "bell")
