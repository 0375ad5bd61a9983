"""Objects that go while their job is on its way, or while an operator isn't looking; and writes that are refused.

Whatever took the object away: what was sent for it is seen to its end, and what was released on purpose runs on.
"""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crash.harness import EXPENSIVE
from crash.meddling import (
    ARGUMENTS,
    events_of,
    executing,
    holding_deletions,
    new_job,
    paused,
    policy,
    runs_of,
    second_operator,
    until,
)
from crash.test_boundaries import claims, submits
from localstack.stack import Stack

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


@pytest.fixture(scope="module")
def whole() -> Iterator[Stack]:
    """A system with proxies around its operator."""
    with Stack.start(emulator_args=EXPENSIVE, operator_args=ARGUMENTS, through_proxy=True) as started:
        yield started


@pytest.fixture
def stack(whole: Stack) -> Iterator[Stack]:
    """The same, with jobs that run for long."""
    whole.emulator.behave(executing_seconds=3600)
    yield whole
    whole.emulator.admin("DELETE", "settings")
    if not whole.operator.running:
        whole.operator.start()


def test_deletion_that_overlaps_the_claim(stack: Stack, tmp_path: Path) -> None:
    """The object goes with the finalizer that came in between; the job that was sent is cancelled, and nobody warns."""
    with holding_deletions(stack, tmp_path) as webhook, ThreadPoolExecutor() as side:
        with paused(stack.operator):
            name, uid = new_job(stack)
            deleting = side.submit(stack.kubectl, "delete", "quantumjob", name, "--wait=false")
            assert webhook.asked.wait(10)
        until(lambda: len(runs_of(stack, uid)) == 1)
        webhook.release()
        deleting.result()
    stack.wait(f"quantumjob/{name}", "delete", timeout=20)
    until(lambda: runs_of(stack, uid) == ["Cancelled"])


def test_deletion_that_overlaps_the_claim_and_a_kill(stack: Stack, tmp_path: Path) -> None:
    """Nobody remembers the job: the service's list shows it, and it is reported and cancelled."""
    with holding_deletions(stack, tmp_path) as webhook, ThreadPoolExecutor() as side:
        with paused(stack.operator):
            name, uid = new_job(stack)
            deleting = side.submit(stack.kubectl, "delete", "quantumjob", name, "--wait=false")
            assert webhook.asked.wait(10)
        until(lambda: len(runs_of(stack, uid)) == 1)
        stack.operator.kill()
        webhook.release()
        deleting.result()
    stack.wait(f"quantumjob/{name}", "delete", timeout=20)
    assert runs_of(stack, uid) != ["Cancelled"]
    stack.operator.start()
    until(lambda: runs_of(stack, uid) == ["Cancelled"])
    assert len(events_of(stack, "JobWithoutObject", kind="QuantumWorkspace")) == 1


@pytest.mark.parametrize("heard", [True, False], ids=["the change was heard late", "the process began anew"])
def test_orphan_that_another_operator_let_go(stack: Stack, tmp_path: Path, *, heard: bool) -> None:
    """An operator that saw neither the change to Orphan nor the deletion leaves the job alone."""
    with second_operator(stack, tmp_path):
        name, uid = new_job(stack)
        executing(stack, name)
        with paused(stack.operator):
            stack.kubectl("patch", "quantumjob", name, "--type=merge", '--patch={"spec":{"deletionPolicy":"Orphan"}}')
            stack.kubectl("delete", "quantumjob", name, "--timeout=20s")
        if not heard:
            stack.operator.kill()
            stack.operator.start()
        time.sleep(10)  # a wrong cancellation would have come by now, from the memory or from the service's list
        assert runs_of(stack, uid) == ["Executing"]
        assert events_of(stack, "ObjectGone", uid=uid) == []
        assert len(events_of(stack, "Orphaned", uid=uid)) == 1
    stack.emulator.behave(executing_seconds=0)


def test_finalizer_removed_by_force(stack: Stack) -> None:
    """The job is cancelled from memory, and people are told that it ran."""
    name, uid = new_job(stack)
    executing(stack, name)
    with paused(stack.operator):
        stack.kubectl("patch", "quantumjob", name, "--type=merge", '--patch={"metadata":{"finalizers":null}}')
        stack.kubectl("delete", "quantumjob", name, "--timeout=20s")
    until(lambda: runs_of(stack, uid) == ["Cancelled"])
    assert len(events_of(stack, "ObjectGone", uid=uid)) == 1


def test_take_over_whose_answer_was_lost(stack: Stack) -> None:
    """The PUT of the dead predecessor is still hidden when its successor reads its own name in the claim."""
    assert stack.workspace_proxy is not None
    assert stack.cluster_proxy is not None
    stack.emulator.behave(hidden_seconds=1.8, executing_seconds=0.3)
    held = stack.workspace_proxy.hold(submits, when="after")
    name, uid = new_job(stack)
    held.wait_until_held()
    stack.operator.kill()
    held.drop()
    stack.cluster_proxy.drop(claims, when="after", times=1)
    stack.operator.start()
    stack.wait(f"quantumjob/{name}", timeout=40)
    assert runs_of(stack, uid) == ["Succeeded"]


def test_orphan_with_a_key_whose_submission_is_in_doubt(stack: Stack) -> None:
    """Nothing is released before the service tells: the next object with the key finds the job and pays nothing."""
    assert stack.workspace_proxy is not None
    stack.emulator.behave(hidden_seconds=1.8)
    held = stack.workspace_proxy.hold(submits, when="after")
    spec = {"idempotencyKey": "in-doubt", "deletionPolicy": "Orphan"}
    name, _ = new_job(stack, **spec)
    held.wait_until_held()
    stack.kubectl("delete", "quantumjob", name, "--wait=false")
    held.drop()
    stack.wait(f"quantumjob/{name}", "delete", timeout=40)
    heir, _ = new_job(stack, **spec)
    executing(stack, heir)
    assert sum(run["name"] in (name, heir) for run in stack.emulator.ledger()) == 1


def test_status_that_may_not_be_written_keeps_nobody_from_cancelling(stack: Stack) -> None:
    """Deleting and `spec.cancel` still reach the service, and one Event tells what the API server says."""
    (deleted, first), (cancelled, second) = new_job(stack), new_job(stack)
    executing(stack, deleted)
    executing(stack, cancelled)
    with policy(stack, "quantumjobs/status"):
        stack.kubectl("delete", "quantumjob", deleted, "--wait=false")
        stack.kubectl("patch", "quantumjob", cancelled, "--type=merge", '--patch={"spec":{"cancel":true}}')
        until(lambda: runs_of(stack, first) + runs_of(stack, second) == ["Cancelled", "Cancelled"])
        stack.wait(f"quantumjob/{deleted}", "delete", timeout=30)
        time.sleep(5)
        for uid in (first, second):
            told = events_of(stack, "WriteRefused", uid=uid)
            assert len(told) == 1
            assert "jobs need the label team" in told[0]["message"]
    stack.wait(f"quantumjob/{cancelled}", timeout=90)
    assert stack.get("quantumjob", cancelled)["status"]["state"] == "Cancelled"


def test_claim_and_release_that_are_refused_are_told_once(stack: Stack) -> None:
    """Status quotes the API server, whose words are an Event once; what was refused is done when it may be."""
    running, uid = new_job(stack)
    executing(stack, running)
    waiting, other = new_job(stack, suspend=True)
    stack.wait(f"quantumjob/{waiting}", "jsonpath={.status.state}=Suspended")
    with policy(stack, "quantumjobs"):
        label = f"--patch={json.dumps({'metadata': {'labels': {'team': 'q'}}, 'spec': {'suspend': False}})}"
        stack.kubectl("patch", "quantumjob", waiting, "--type=merge", label)
        # The label goes again in a write that the policy sees with it: it looks at the new object only.
        stack.kubectl("delete", "quantumjob", running, "--wait=false")
        until(lambda: runs_of(stack, uid) == ["Cancelled"])
        until(lambda: len(events_of(stack, "WriteRefused", uid=uid)) == 1)
        time.sleep(8)
        assert len(events_of(stack, "WriteRefused", uid=uid)) == 1
        held = {one["type"]: one for one in stack.get("quantumjob", running)["status"]["conditions"]}["Reconciling"]
        assert held["reason"] == "WriteRefused"
        assert "jobs need the label team" in held["message"]
    stack.wait(f"quantumjob/{running}", "delete", timeout=90)
    until(lambda: len(runs_of(stack, other)) == 1)
