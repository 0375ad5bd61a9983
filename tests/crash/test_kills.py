"""The operator is killed again and again while it submits to a workspace that charges each repeated PUT once more."""

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from crash.harness import (
    EXPENSIVE,
    SHORT_FENCE,
    Spy,
    create,
    quantum_job,
    read_jobs,
    runs_by_object,
    unlike_one_success_each,
)
from localstack.manifests import SERVICE_ACCOUNT, SYSTEM_NAMESPACE
from localstack.operated import Operator
from localstack.stack import Stack

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

_SLOW_ANSWERS: Final = '--put-delay-after={"least":0.2,"most":1.0}'
_SEED: Final = 20261122
_ROUNDS: Final = 25
_JOBS_IN_A_ROUND: Final = 2
_JOBS_OF_TWO: Final = 200
_LEAST_KILLS: Final = 20
_LEAST_KILLS_IN_AN_ANSWER: Final = 5
_LOOK_SECONDS: Final = 0.02
_CLAIM: Final = "quantumjobs.dev/claim"


@pytest.fixture
def stack() -> Iterator[Stack]:
    """A system whose workspace takes its time to answer a PUT that it has carried out."""
    with Stack.start(emulator_args=[*EXPENSIVE, _SLOW_ANSWERS], operator_args=SHORT_FENCE) as started:
        yield started


@dataclass(slots=True)
class Campaign:
    """Kills the operator in rounds and keeps count."""

    stack: Stack
    spy: Spy
    chance: random.Random
    kills: int = 0
    in_an_answer: int = 0
    names: set[str] = field(default_factory=set)

    def round(self, number: int) -> None:
        """New jobs, a kill at a drawn moment, a restart."""
        jobs = [quantum_job(f"job-{number}-{index}") for index in range(_JOBS_IN_A_ROUND)]
        self.names |= {job["metadata"]["name"] for job in jobs}
        create(self.stack, jobs)
        if self.chance.random() < 0.5:
            self._wait_for_an_answer_under_way()
        else:
            # Early enough to meet claims and uploads too.
            time.sleep(self.chance.uniform(0, 0.4))
        self._kill()
        self.stack.operator.start()
        # What the dead one sent has to be answered by now, or the next kill would count it as its own.
        _until(lambda: self.spy.applied() == self.spy.answered())

    def _wait_for_an_answer_under_way(self) -> None:
        """For a while only: the jobs may all have been submitted, or wait for the end of a fence."""
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            seen = self.spy.submissions()
            if seen.applied > seen.answered:
                time.sleep(self.chance.uniform(0, 0.1))
                return
            time.sleep(_LOOK_SECONDS)

    def _kill(self) -> None:
        applied = self.spy.applied()
        self.stack.operator.kill()
        self.kills += 1
        # Applied before the kill and not answered after it.
        self.in_an_answer += applied > self.spy.answered()


def test_killed_again_and_again(stack: Stack) -> None:
    """At least 20 kills over 50 jobs, 5 of them between a PUT's effect and its answer: none lost, none billed twice."""
    with Spy(stack) as spy:
        campaign = Campaign(stack, spy, random.Random(_SEED))  # noqa: S311 - draws moments, not secrets
        for number in range(_ROUNDS):
            campaign.round(number)
    if campaign.kills < _LEAST_KILLS or campaign.in_an_answer < _LEAST_KILLS_IN_AN_ANSWER:
        pytest.fail(f"invalid run: {campaign.kills} kills, {campaign.in_an_answer} of them within a PUT's answer")
    assert_all_succeeded_once(stack)
    assert {job["metadata"]["name"] for job in read_jobs(stack)} == campaign.names


def test_two_operators_at_the_same_time(stack: Stack, tmp_path: Path) -> None:
    """200 jobs that two operators both want to submit: none is billed twice, and each ends."""
    other = Operator(
        tmp_path,
        kubeconfig=stack.cluster.service_account_kubeconfig(SYSTEM_NAMESPACE, SERVICE_ACCOUNT),
        allowed_endpoints=[stack.endpoint, stack.emulator.storage_origin],
        arguments=SHORT_FENCE,
    )
    try:
        other.start()
        create(stack, [quantum_job(f"job-{number}") for number in range(_JOBS_OF_TWO)])
        assert_all_succeeded_once(stack)
    finally:
        other.end()
    claims = [job["metadata"]["annotations"][_CLAIM] for job in read_jobs(stack)]
    assert len(claims) == _JOBS_OF_TWO
    if len({json.loads(claim)["holder"] for claim in claims}) != 2:
        pytest.fail("invalid run: one of the two claimed all jobs")


def assert_all_succeeded_once(stack: Stack) -> None:
    """Every job has ended, or ends soon, and the workspace ran nothing but one run of each."""
    stack.kubectl("wait", "--for=condition=Finished", "quantumjobs", "--all", "--timeout=120s", timeout=150)
    jobs = read_jobs(stack)
    assert unlike_one_success_each(stack, jobs) == {}
    assert set(runs_by_object(stack)) == {job["metadata"]["uid"] for job in jobs}


def _until(settled: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not settled():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the workspace has not settled within {seconds} s")
        time.sleep(_LOOK_SECONDS)
