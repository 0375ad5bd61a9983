"""`kubectl wait` returns when a condition holds, and not before, nor for an older version of the object."""

import pytest

from cluster import jobs
from cluster.jobnamespace import JobNamespace
from devcluster.errors import KubectlError
from gitops.states import NAMESPACE, Situation
from localstack.stack import Stack

pytestmark = pytest.mark.cluster

CONDITIONS = ("Submitted", "Complete", "Failed", "Finished", "Suspended", "Ready")
HOLDING = {
    Situation.HELD_BACK: set(),
    Situation.QUEUED: {"Submitted"},
    Situation.RUNNING: {"Submitted"},
    Situation.CANCELLING: {"Submitted"},
    Situation.SUCCEEDED: {"Submitted", "Complete", "Finished", "Ready"},
    Situation.FAILED: {"Submitted", "Failed", "Finished"},
    Situation.CANCELLED_BEFORE: {"Failed", "Finished"},
    Situation.CANCELLED: {"Submitted", "Failed", "Finished"},
    Situation.REFUSED: {"Failed", "Finished"},
    Situation.SUSPENDED_BEFORE: {"Suspended"},
    Situation.SUSPENDED: {"Suspended"},
}


def holds(stack: Stack, name: str, condition: str, namespace: str = NAMESPACE) -> bool:
    """Whether `kubectl wait` returns at once."""
    try:
        stack.wait(f"quantumjob/{name}", condition, namespace=namespace, timeout=0)
    except KubectlError as error:
        if "condition not met" not in str(error):
            raise
        return False
    return True


@pytest.mark.parametrize("situation", HOLDING)
def test_wait_returns_for_what_holds(stack: Stack, situation: Situation) -> None:
    """Of the conditions one can wait for, exactly those of the situation are there."""
    assert {condition for condition in CONDITIONS if holds(stack, situation, condition)} == HOLDING[situation]


def test_wait_refuses_what_was_said_of_an_older_version(stack: Stack) -> None:
    """A condition that the operator has not confirmed for this generation doesn't count; once confirmed it does."""
    place = JobNamespace.make(stack, "kubectl-wait")
    place.apply(jobs.ionq("bell"))
    place.wait("bell", "Complete")
    stack.operator.stop()
    try:
        place.patch("quantumjob", "bell", {"spec": {"deletionPolicy": "Orphan"}})
        assert [holds(stack, "bell", condition, place.name) for condition in ("Complete", "Finished")] == [False, False]
    finally:
        stack.operator.start()
    place.wait("bell", "Complete")
    place.wait("bell", "Finished")
