"""The peers do the job: what they are compared by is worth nothing otherwise."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import sdk
from benchmarks.cluster import quantum_job, until
from benchmarks.subjects import KOPF_TIMER
from localstack.service import Service
from localstack.stack import Stack

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

PATIENCE = 60.0
FOR_EVER = 10_000_000


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A system without the operator; programs really run."""
    with Stack.start(emulator_args=["--seed=3"], start_operator=False) as started:
        yield started


@pytest.fixture
def peer(stack: Stack) -> Iterator[Service]:
    """The kopf operator in its place, looking once a second."""
    stack.emulator.behave(waiting_seconds=0.5, executing_seconds=1)
    process = KOPF_TIMER.make(stack, 1)
    process.start()
    yield process
    process.end()


def run_of(stack: Stack, name: str) -> dict[str, Any]:
    """The only paid run of a job."""
    (run,) = [run for run in stack.emulator.ledger() if run["name"] == name]
    return run


def test_the_timer_follows_a_job_to_its_output(stack: Stack, peer: Service) -> None:
    """Submitted once, with its output in a ConfigMap that the object owns."""
    stack.apply(quantum_job("followed"))
    stack.wait("quantumjob/followed", "jsonpath={.status.state}=Succeeded")
    output = stack.get("configmap", stack.get("quantumjob", "followed")["status"]["outputConfigMap"])
    assert json.loads(output["data"]["output"])["histogram"] == {"0": 0.5, "1": 0.5}
    assert output["metadata"]["ownerReferences"][0]["name"] == "followed"
    assert run_of(stack, "followed")["status"] == "Succeeded"
    assert peer.running


def test_the_timer_cancels_what_is_deleted(stack: Stack, peer: Service) -> None:
    """The object is held until its remote job was cancelled."""
    stack.emulator.behave(waiting_seconds=FOR_EVER)
    stack.apply(quantum_job("unwanted"))
    stack.wait("quantumjob/unwanted", "jsonpath={.status.state}=Waiting")
    stack.kubectl("delete", "quantumjob", "unwanted", "--timeout=30s")
    assert run_of(stack, "unwanted")["status"] == "Cancelled"
    assert peer.running


def test_the_timer_goes_on_after_a_restart(stack: Stack, peer: Service) -> None:
    """A job that ended while it was down is found so."""
    stack.emulator.behave(waiting_seconds=FOR_EVER)
    stack.apply(quantum_job("left"))
    stack.wait("quantumjob/left", "jsonpath={.status.state}=Waiting")
    peer.kill()
    stack.emulator.admin("POST", "clock", {"advance_seconds": FOR_EVER + 10})
    until(lambda: run_of(stack, "left")["status"] == "Succeeded", PATIENCE, "the job's end at the service")
    peer.start()
    stack.wait("quantumjob/left", "jsonpath={.status.state}=Succeeded")


def test_processes_with_the_sdk_see_the_end(stack: Stack, tmp_path: Path) -> None:
    """Each submits a job of its own and ends when that has ended, saying when it saw what."""
    stack.emulator.behave(waiting_seconds=0.5, executing_seconds=1)
    waiters = sdk.start(stack.emulator, tmp_path, 2)
    assert [waiter.child.wait(PATIENCE) for waiter in waiters] == [0, 0], [one.child.log_tail() for one in waiters]
    told = [waiter.told() for waiter in waiters]
    assert [[line["what"] for line in lines] for lines in told] == [["submitted", "Succeeded"]] * 2
    ended = {run["job"] for run in stack.emulator.ledger() if run["status"] == "Succeeded"}
    assert {lines[0]["job"] for lines in told} <= ended
    assert len({lines[0]["job"] for lines in told}) == 2
