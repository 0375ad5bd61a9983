"""Pods of the operator that go while a job runs, killed, replaced or evicted: it ends as it would have, billed once."""

import os
import signal
from collections.abc import Iterator

import pytest

from chart.installation import WAIT, Installation, bell, until
from chart.releases import RELEASE, SYSTEM
from devcluster.nodefiles import NODE_NAME
from images.build import Built
from node.installing import REPLICAS, Identity, leader, process_of, ready, values

pytestmark = pytest.mark.node


@pytest.fixture
def slow(installed: Installation) -> Iterator[Installation]:
    """A workspace whose jobs execute for some seconds."""
    installed.emulator.behave(executing_seconds=5)
    yield installed
    installed.emulator.behave(executing_seconds=0)


def begin(slow: Installation, name: str) -> None:
    """Bring a job so far that it costs money."""
    slow.apply(bell(name))
    until(lambda: slow.billed().get(name) == 1)


def test_leader_that_is_killed_is_succeeded(slow: Installation) -> None:
    """And whoever takes over submits new jobs."""
    begin(slow, "through-a-failover")
    first = leader(slow)
    (pod,) = [one for one in slow.operators() if one["metadata"]["name"] in first]
    os.kill(process_of(pod["metadata"]["uid"]), signal.SIGKILL)
    until(lambda: leader(slow) != first)
    slow.finish("through-a-failover")
    slow.apply(bell("after-a-failover"))
    slow.finish("after-a-failover")
    billed = slow.billed()
    assert (billed["through-a-failover"], billed["after-a-failover"]) == (1, 1)


def test_rolling_upgrade_disturbs_no_job(slow: Installation, operator_image: Built, identity: Identity) -> None:
    """New Pods take over while a job runs."""
    begin(slow, "through-an-upgrade")
    before = {one["metadata"]["uid"] for one in slow.operators()}
    changed = values(slow, operator_image, identity) | {"podAnnotations": {"example.org/again": "yes"}}
    slow.releases.upgrade(changed, *WAIT)
    slow.finish("through-an-upgrade")
    assert slow.billed()["through-an-upgrade"] == 1
    until(lambda: not before & {one["metadata"]["uid"] for one in slow.operators()})


def test_drain_of_the_node_takes_one_pod_and_no_more(slow: Installation) -> None:
    """There is no other node, so the budget keeps the last Pod, and it works."""
    kubectl = slow.releases.cluster.kubectl
    until(lambda: len(ready(slow)) == REPLICAS)
    begin(slow, "through-a-drain")
    selector = f"--pod-selector=app.kubernetes.io/name={RELEASE}"
    try:
        done = kubectl("drain", NODE_NAME, selector, "--ignore-daemonsets", "--timeout=30s", check=False)
        assert done.returncode == 1
        assert "would violate the pod's disruption budget" in done.stderr
        assert len(ready(slow)) == REPLICAS - 1
        slow.finish("through-a-drain")
        slow.apply(bell("on-the-last-pod"))
        slow.finish("on-the-last-pod")
    finally:
        kubectl("uncordon", NODE_NAME)
    kubectl("rollout", "status", f"deployment/{RELEASE}", f"--namespace={SYSTEM}", "--timeout=150s")
    billed = slow.billed()
    assert (billed["through-a-drain"], billed["on-the-last-pod"]) == (1, 1)
