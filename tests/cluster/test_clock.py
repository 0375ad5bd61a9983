"""An operator whose clock is an hour off: deadlines, TTL and what status shows follow the API server's clock."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx
import pytest

from cluster import jobs
from cluster.conftest import EMULATOR_ARGS, OPERATOR_ARGS
from cluster.jobnamespace import FOR_EVER, JobNamespace, eventually
from localstack.manifests import SERVICE_ACCOUNT, SYSTEM_NAMESPACE
from localstack.operated import Operator
from localstack.stack import Stack

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

HOUR: Final = 3600
HALF_AN_HOUR: Final = 1800
# Python reads this file before anything else: every clock that tells the time of day is off in the whole process.
_SITE: Final = """
import datetime, time
_real, _ahead, _time = datetime.datetime, datetime.timedelta(seconds={seconds}), time.time

class _Kind(type):
    def __instancecheck__(cls, one):
        return isinstance(one, _real)

    def __subclasscheck__(cls, one):
        return issubclass(one, _real)

class _Shifted(_real, metaclass=_Kind):
    @classmethod
    def now(cls, tz=None):
        return _real.now(tz) + _ahead

datetime.datetime, time.time = _Shifted, lambda: _time() + {seconds}
"""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A system of its own, since its operator is stopped for good in the middle."""
    with Stack.start(operator_args=OPERATOR_ARGS, emulator_args=EMULATOR_ARGS, start_operator=False) as started:
        yield started


def wrong_operator(stack: Stack, folder: Path, monkeypatch: pytest.MonkeyPatch, seconds: int) -> Operator:
    """An operator whose clock is so far ahead."""
    (folder / "sitecustomize.py").write_text(_SITE.format(seconds=seconds))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH")))))
    return Operator(
        folder,
        kubeconfig=stack.cluster.service_account_kubeconfig(SYSTEM_NAMESPACE, SERVICE_ACCOUNT),
        allowed_endpoints=[stack.endpoint, stack.emulator.storage_origin],
        arguments=OPERATOR_ARGS,
    )


def skew_of(operator: Operator) -> float:
    """What its metric says."""
    metrics = httpx.get(operator.metrics_url, trust_env=False).raise_for_status().text
    (line,) = (one for one in metrics.splitlines() if one.startswith("quantumjob_clock_skew_seconds "))
    return float(line.split()[1])


@pytest.fixture
def place(stack: Stack, request: pytest.FixtureRequest) -> Iterator[JobNamespace]:
    """A namespace with a job that executes and one that has ended, both left by an operator whose clock is right."""
    made = JobNamespace.make(stack, f"clock-{abs(hash(request.node.name)) % 10_000}")
    stack.operator.start()
    stack.emulator.behave(executing_seconds=0.2)
    made.apply(jobs.ionq("done", ttlSecondsAfterFinished=HALF_AN_HOUR))
    made.wait("done", "Complete")
    stack.emulator.behave(executing_seconds=FOR_EVER)
    made.apply(jobs.ionq("bell", activeDeadlineSeconds=HALF_AN_HOUR))
    made.wait_state("bell", "Executing")
    stack.operator.stop()
    yield made
    stack.operator.stop() if stack.operator.running else None


@pytest.mark.parametrize("seconds", [HOUR, -HOUR], ids=["an hour ahead", "an hour behind"])
def test_a_clock_that_is_off(
    stack: Stack, place: JobNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    """Nothing is cancelled or deleted early, what is new gets the right time, and log and metric say what is wrong."""
    wrong = wrong_operator(stack, tmp_path, monkeypatch, seconds)
    try:
        wrong.start()
        place.apply(jobs.ionq("next"))
        # By then it has reconciled each object that was there before.
        place.wait_state("next", "Executing")
        assert skew_of(wrong) == pytest.approx(seconds, abs=2)
        assert "clock of this machine" in wrong.log.read_text()
        told = datetime.fromisoformat(place.status("next")["submissionTime"])
        assert abs((datetime.now(UTC) - told).total_seconds()) < HALF_AN_HOUR
        place.patch("quantumjob", "bell", {"metadata": {"labels": {"looked": "at"}}})
        eventually(lambda: place.status("bell")["state"] == "Executing", within=5)
        assert "cancellation" not in place.status("bell")
        assert place.find("quantumjob", "done") is not None
        assert [run["status"] for run in place.runs("bell")] == ["Executing"]
    finally:
        wrong.end()


def test_a_deadline_that_is_over_is_over(
    stack: Stack, place: JobNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The corrected clock still goes: a deadline of two seconds cancels."""
    wrong = wrong_operator(stack, tmp_path, monkeypatch, HOUR)
    try:
        wrong.start()
        place.apply(jobs.ionq("short", activeDeadlineSeconds=2))
        place.wait("short")
        assert place.wait_event("short", "DeadlineExceeded").type == "Warning"
    finally:
        wrong.end()
