"""A cluster that is brought back from an older snapshot knows less than the service: nothing is billed again for it.

Each test has two rows: the same operator runs over the restore, or a new one comes after it.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Final

import pytest

from cluster import jobs
from cluster.jobnamespace import JobNamespace, condition_of, eventually
from localstack.emulated import Emulator
from localstack.stack import Stack
from restores.runs import EMULATOR_ARGS, ENDLESS, OPERATOR_ARGS, endless, operator_stopped, run_status

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

A_WHILE: Final = 4
Meanwhile = Callable[[Stack], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A system of this file's own: what else is in its cluster goes back as well."""
    with Stack.start(operator_args=OPERATOR_ARGS, emulator_args=EMULATOR_ARGS) as started:
        yield started


def same_operator(_: Stack) -> AbstractContextManager[None]:
    """It keeps its memory, and finds the API server gone for some seconds."""
    return nullcontext()


def wait(place: JobNamespace, name: str, condition: str) -> None:
    """Wait for longer than usual: the restore has to be noticed first."""
    place.stack.wait(f"quantumjob/{name}", condition, namespace=place.name)


@pytest.mark.parametrize(
    ("meanwhile", "unknown"),
    [
        pytest.param(same_operator, "Cancelled", id="the same operator runs over the restore"),
        pytest.param(operator_stopped, "Executing", id="a new operator comes after the restore"),
    ],
)
def test_jobs_of_a_snapshot_from_before_they_ran_are_found_again(
    stack: Stack, place: JobNamespace, emulator: Emulator, meanwhile: Meanwhile, unknown: str
) -> None:
    """They stand there unclaimed, with an empty status; each takes over its ended job, and its output is there.

    What the snapshot doesn't know at all is cancelled by whoever remembers it.
    """
    emulator.behave(targets=ENDLESS)
    names = ("bell", "keyed", "failed")
    with operator_stopped(stack):
        place.apply(
            jobs.ionq("bell"),
            jobs.ionq("keyed", idempotencyKey="run-1"),
            jobs.ionq("failed", jobs.UNPARSABLE_QASM, backoffLimit=2),
        )
        snapshot = stack.cluster.snapshot()
    for name in names:
        place.wait(name)
    place.apply(endless("late"))
    place.wait_state("late", "Executing")
    before = {name: place.status(name) for name in names}
    with meanwhile(stack):
        stack.cluster.restore(snapshot)
    for name in names:
        wait(place, name, "Finished")
        after = place.status(name)
        assert {field: after[field] for field in ("jobId", "state")} == {
            field: before[name][field] for field in ("jobId", "state")
        }
        assert len(place.runs(name)) == 1
    assert place.output("bell")["counts.json"]
    assert place.output("keyed")["counts.json"]
    assert place.find("quantumjob", "late") is None
    eventually(lambda: run_status(place, "late") == unknown)


@pytest.mark.slow
@pytest.mark.parametrize(
    "meanwhile",
    [
        pytest.param(same_operator, id="the same operator runs over the restore"),
        pytest.param(operator_stopped, id="a new operator comes after the restore"),
    ],
)
def test_jobs_of_a_snapshot_from_while_they_ran_go_on_to_their_end(
    stack: Stack, place: JobNamespace, emulator: Emulator, meanwhile: Meanwhile
) -> None:
    """Claim and status say that they execute; the service says that they ended long ago, or were resumed since."""
    emulator.behave(executing_seconds=A_WHILE, targets=ENDLESS)
    place.apply(endless("deleted"), endless("resumed"), jobs.ionq("bell"))
    for name in ("deleted", "resumed", "bell"):
        place.wait_state(name, "Executing")
    snapshot = stack.cluster.snapshot()
    assert run_status(place, "bell") == "Executing"
    place.patch("quantumjob", "resumed", {"spec": {"suspend": True}})
    place.delete("deleted")
    place.wait_state("resumed", "Suspended")
    place.patch("quantumjob", "resumed", {"spec": {"suspend": False}})
    place.wait_state("resumed", "Executing")
    place.wait("bell", "Complete")
    with meanwhile(stack):
        stack.cluster.restore(snapshot)
    wait(place, "bell", "Complete")
    wait(place, "deleted", "Finished")
    assert place.output("bell")["counts.json"]
    assert condition_of(place.job("deleted"), "Failed")["reason"] == "CancelledExternally"
    wait(place, "resumed", "jsonpath={.status.attempt}=2")
    place.wait_state("resumed", "Executing")
    assert [len(place.runs(name)) for name in ("bell", "deleted", "resumed")] == [1, 1, 2]
    place.delete("resumed")
    assert [run["status"] for run in place.runs("resumed")] == ["Cancelled", "Cancelled"]
