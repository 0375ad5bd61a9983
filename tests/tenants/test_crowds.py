"""A tenant with thousands of jobs and its neighbours, on the real cluster: how much does the crowd delay the others?"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from cluster.jobnamespace import eventually
from localstack.stack import Stack
from tenants.crowd import Tenants

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

CROWD: Final = 5000
WORKERS: Final = 32
OPERATOR_ARGS: Final = (f"--workers={WORKERS}", "--visibility-delay-seconds=1", "--poll-max-seconds=30")
# Nothing ends, so that a cancellation is the only end.
EMULATOR_ARGS: Final = ("--no-simulate", "--waiting-seconds=0", "--executing-seconds=100000", "--log-level=warning")


def show(measured: str) -> None:
    """Print what was measured, for whoever runs pytest with `-s` or reads a failure."""
    print(measured)  # noqa: T201 - measurements, not a log


@pytest.fixture(scope="module")
def tenants(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenants]:
    """A system of its own, because the crowd stays in it."""
    folder: Path = tmp_path_factory.mktemp("crowd")
    with (
        Stack.start(operator_args=OPERATOR_ARGS, emulator_args=EMULATOR_ARGS, folder=folder) as stack,
        Tenants.of(stack) as people,
    ):
        yield people


def timed(tenants: Tenants, namespace: str, name: str, **spec: Any) -> tuple[int, float]:
    """Make a job; returns how many of others were accepted before it meanwhile, and the seconds it took."""
    place = tenants.tenant(namespace)
    before, since = len(tenants.accepted()), time.monotonic()
    tenants.create(place, name, **spec)
    overtaken = tenants.wait_accepted(place, name) - before
    return overtaken, time.monotonic() - since


def test_five_thousand_jobs_of_one_do_not_delay_the_first_of_another(tenants: Tenants) -> None:
    """While a crowd waits to be submitted, another namespace's first job goes after a few of it, not after the rest.

    Whether it goes through a workspace of its own or shares the crowd's, and with that its rate limit.
    """
    crowd, small, guest = (tenants.tenant(name) for name in ("crowd", "small", "guest"))
    crowd.apply(crowd.workspace(allowedNamespaces={"from": "All"}))
    for place in (crowd, small, guest):
        place.wait("default", "Ready", kind="quantumworkspace")
    shared = {"workspaceRef": {"name": "default", "namespace": crowd.name}}
    ways = {small: {}, guest: shared}
    alone = {place: timed(tenants, place.name, "alone", **spec) for place, spec in ways.items()}
    tenants.stack.operator.stop()
    tenants.crowd(crowd, CROWD)
    tenants.stack.operator.start()
    eventually(lambda: len(tenants.accepted()) > len(alone) + WORKERS)
    beside = {place: timed(tenants, place.name, "beside", **spec) for place, spec in ways.items()}
    left = CROWD - sum(namespace == crowd.name for namespace, _ in tenants.accepted())
    for place in ways:
        job = place.status("beside")
        show(
            f"{place.name}: alone {alone[place][1]:.2f} s; beside the crowd {beside[place][1]:.2f} s, after "
            f"{beside[place][0]} of its jobs; attempt {job['attempt']}, {left} of {CROWD} still waited afterwards"
        )
    assert left > CROWD / 2, "the crowd was through before: nothing was shown"
    # Each worker ends the reconciliation it is at, and some begin another before the job has gone through its steps.
    assert max(overtaken for overtaken, _ in beside.values()) <= 8 * WORKERS


def test_a_budget_that_makes_everybody_wait_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Turns that take longer than a claim stays fresh: each job is submitted all the same, and billed once."""
    slow = ("--requests-per-second=3", "--requests-burst=1", "--put-start-seconds=0.5", "--visibility-delay-seconds=1")
    ends = ("--no-simulate", "--waiting-seconds=0", "--executing-seconds=0.1", "--repeated-put=second-run")
    with Stack.start(operator_args=slow, emulator_args=ends, folder=tmp_path) as stack, Tenants.of(stack) as tenants:
        place = tenants.tenant("crowd")
        tenants.crowd(place, 12)
        for number in range(12):
            place.wait(f"crowd-{number}")
        assert sorted(tenants.accepted()) == sorted((place.name, f"crowd-{number}") for number in range(12))
        assert {place.status(f"crowd-{number}")["state"] for number in range(12)} == {"Succeeded"}
