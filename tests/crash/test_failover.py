"""Two operators and one Lease: the leader dies, leaves or is paused while it submits to a workspace that charges twice.

Each test prints how long it took until the other one worked.
"""

import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
import pytest

from crash.harness import EXPENSIVE, SHORT_FENCE, Spy, create, quantum_job, read_jobs, runs_by_object
from crash.harness import unlike_one_success_each as unlike_one_success
from localstack.manifests import RBAC, SERVICE_ACCOUNT, SYSTEM_NAMESPACE
from localstack.operated import Operator
from localstack.stack import Stack

pytestmark = pytest.mark.cluster

_LEASE: Final = f"--lease={SYSTEM_NAMESPACE}/quantumjob-operator"
_ARGUMENTS: Final = (*SHORT_FENCE, _LEASE)
_SLOW_ANSWERS: Final = '--put-delay-after={"least":0.2,"most":1.0}'
_JOBS: Final = 20
_TAKEN_OVER_SECONDS: Final = 30.0
_EXPIRY_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class Pair:
    """A leader and one that stands by.

    Attributes:
        stack: The system; its own operator leads at first.
        other: Stands by at first.
    """

    stack: Stack
    other: Operator

    @property
    def leader(self) -> Operator:
        """The one that led at first."""
        return self.stack.operator

    def holder(self) -> str:
        """Who holds the Lease."""
        lease = self.stack.get("lease", "quantumjob-operator", namespace=SYSTEM_NAMESPACE)
        return str(lease["spec"].get("holderIdentity", ""))

    def submit_half(self, spy: Spy) -> None:
        """Create jobs and wait until some of them are paid and others are not."""
        create(self.stack, [quantum_job(f"job-{number}") for number in range(_JOBS)])
        until(lambda: spy.applied() >= _JOBS // 4, 30)
        assert spy.applied() < _JOBS, "too late: all jobs are submitted"


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Two operators, of which the first one leads."""
    arguments = [*_ARGUMENTS, "--workers=4"]
    with Stack.start(
        emulator_args=[*EXPENSIVE, _SLOW_ANSWERS], operator_args=arguments, start_operator=False
    ) as started:
        started.apply(RBAC / "replicas", namespace=SYSTEM_NAMESPACE)
        other = Operator(
            tmp_path,
            kubeconfig=started.cluster.service_account_kubeconfig(SYSTEM_NAMESPACE, SERVICE_ACCOUNT),
            allowed_endpoints=[started.endpoint, started.emulator.storage_origin],
            arguments=arguments,
        )
        try:
            started.operator.start()
            until(lambda: leads(started.operator), 30)
            other.start()
            yield Pair(started, other)
        finally:
            other.end()


def leads(operator: Operator) -> bool:
    """Whether it says that it works: it has the Lease, and has listed what there is."""
    if not operator.running:
        return False
    metrics = httpx.get(operator.metrics_url, trust_env=False).raise_for_status().text
    return "quantumjob_leader 1.0" in metrics and bool(readiness(operator)["firstListing"])


def readiness(operator: Operator) -> dict[str, Any]:
    """What `/readyz` tells, ready or not."""
    told: dict[str, Any] = httpx.get(f"{operator.url}/readyz", trust_env=False).json()
    return told


def until(settled: Callable[[], bool], seconds: float) -> float:
    """Wait until something is so; how long it took.

    Raises:
        TimeoutError: It took longer.
    """
    began = time.monotonic()
    while not settled():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"not so within {seconds} s")
        time.sleep(0.05)
    return time.monotonic() - began


def assert_all_succeeded_once(stack: Stack) -> None:
    """Every job has ended, or ends soon, and the workspace ran nothing but one run of each."""
    stack.kubectl("wait", "--for=condition=Finished", "quantumjobs", "--all", "--timeout=60s", timeout=90)
    jobs = read_jobs(stack)
    assert len(jobs) == _JOBS
    assert unlike_one_success(stack, jobs) == {}
    assert set(runs_by_object(stack)) == {job["metadata"]["uid"] for job in jobs}


def test_bystander_is_well_and_does_nothing_until_the_leader_leaves(pair: Pair) -> None:
    """It is ready and alive without reconciling anything; an orderly stop hands over long before the Lease ends."""
    assert pair.other.ready()
    assert readiness(pair.other) == {"firstListing": False, "crdOutdated": False, "standby": True}
    assert httpx.get(f"{pair.other.url}/healthz", trust_env=False).is_success
    with Spy(pair.stack) as spy:
        pair.submit_half(spy)
        assert pair.leader.stop() == 0
        took = until(lambda: leads(pair.other), _TAKEN_OVER_SECONDS)
    print(f"taken over {took:.1f} s after an orderly stop")  # noqa: T201 - a figure to report
    assert took < _EXPIRY_SECONDS, "the Lease was not given back"
    assert_all_succeeded_once(pair.stack)


@pytest.mark.slow
def test_leader_is_killed(pair: Pair) -> None:
    """The other one works within half a minute; no job is lost or billed twice."""
    with Spy(pair.stack) as spy:
        pair.submit_half(spy)
        pair.leader.kill()
        took = until(lambda: leads(pair.other), _TAKEN_OVER_SECONDS)
    print(f"taken over {took:.1f} s after a kill")  # noqa: T201 - a figure to report
    assert_all_succeeded_once(pair.stack)


@pytest.mark.slow
def test_leader_is_paused_and_wakes_up_too_late(pair: Pair) -> None:
    """It ends itself as soon as it wakes up, says why, and neither of the two has billed twice."""
    process = psutil.Process(pair.leader.pid)
    before = pair.holder()
    with Spy(pair.stack) as spy:
        pair.submit_half(spy)
        process.send_signal(signal.SIGSTOP)
        took = until(lambda: leads(pair.other), _TAKEN_OVER_SECONDS)
        process.send_signal(signal.SIGCONT)
    print(f"taken over {took:.1f} s after a pause")  # noqa: T201 - a figure to report
    until(lambda: not pair.leader.running, 20)
    assert "lost the Lease" in pair.leader.log.read_text()
    assert pair.holder() not in (before, "")
    assert_all_succeeded_once(pair.stack)
