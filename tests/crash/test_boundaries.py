"""The operator is killed at one exact boundary between two of its steps, and started again.

Proxies hold the request (or its answer) at which it dies, so that each boundary is hit every time.
"""

import itertools
import time
from collections.abc import Iterator
from http import HTTPMethod
from typing import Any, Final

import pytest

from crash.harness import EXPENSIVE, create, quantum_job
from devcluster.proxyrules import Moment, Request, Rule
from localstack.stack import Stack

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

_FENCE: Final = ("--put-start-seconds=0.7", "--request-timeout-seconds=1.5", "--visibility-delay-seconds=0.3")
_POLLS: Final = ("--poll-min-seconds=0.3", "--poll-max-seconds=1")
_NAMES: Final = (f"job-{number}" for number in itertools.count())
_CLAIM: Final = "quantumjobs.dev/claim"


def claims(request: Request) -> bool:
    """The claim and the finalizer are put on."""
    return _CLAIM in _metadata(request).get("annotations", {})


def releases(request: Request) -> bool:
    """The finalizer is taken off."""
    metadata = _metadata(request)
    return "finalizers" in metadata and "annotations" not in metadata


def says_accepted(request: Request) -> bool:
    """Status says that the service accepted the job."""
    return ("Submitted", "True") in _conditions(request) and ("Finished", "True") not in _conditions(request)


def says_finished(request: Request) -> bool:
    """Status says that the job has ended."""
    return ("Finished", "True") in _conditions(request)


def says_cancelling(request: Request) -> bool:
    """Status says that the job is going to be cancelled."""
    return "cancellation" in _status(request)


def makes_output(request: Request) -> bool:
    """The output ConfigMap is made."""
    return request.method == HTTPMethod.POST and request.path.partition("?")[0].endswith("/configmaps")


def asks_for_container(request: Request) -> bool:
    """The container for the program is made."""
    return request.method == HTTPMethod.POST and "/storage/sasUri" in request.path


def submits(request: Request) -> bool:
    """The job is sent to the service."""
    return request.method == HTTPMethod.PUT and "/jobs/" in request.path


def asks_to_cancel(request: Request) -> bool:
    """The service is asked to cancel the job."""
    return request.method == HTTPMethod.POST and ":cancel" in request.path


def _patch(request: Request) -> dict[str, Any]:
    return dict(request.json()) if request.method == HTTPMethod.PATCH and "/quantumjobs/" in request.path else {}


def _metadata(request: Request) -> dict[str, Any]:
    return dict(_patch(request).get("metadata", {}))


def _status(request: Request) -> dict[str, Any]:
    return dict(_patch(request).get("status", {}))


def _conditions(request: Request) -> set[tuple[str, str]]:
    return {(one["type"], one["status"]) for one in _status(request).get("conditions", [])}


AT_THE_SERVICE: Final = (asks_for_container, submits, asks_to_cancel)


@pytest.fixture(scope="module")
def whole() -> Iterator[Stack]:
    """A system with proxies around its operator."""
    with Stack.start(emulator_args=EXPENSIVE, operator_args=[*_FENCE, *_POLLS], through_proxy=True) as started:
        yield started


@pytest.fixture
def stack(whole: Stack) -> Iterator[Stack]:
    """The same, running as it did at the start."""
    yield whole
    whole.emulator.admin("DELETE", "settings")
    if not whole.operator.running:
        whole.operator.start()


def hold(stack: Stack, picks: Any, when: Moment) -> Rule:
    """Hold what the operator sends (or is answered) at a boundary."""
    proxy = stack.workspace_proxy if picks in AT_THE_SERVICE else stack.cluster_proxy
    assert proxy is not None
    return proxy.hold(picks, when=when)


def kill_at(stack: Stack, held: Rule) -> None:
    """Kill the operator once it has come to the boundary; what it sent there goes no further."""
    held.wait_until_held()
    stack.operator.kill()
    held.drop()


def runs_of(stack: Stack, uid: str) -> list[str]:
    """How each paid run of an object ended."""
    ledger = stack.emulator.ledger()
    return [run["status"] for run in ledger if run["metadata"]["quantumjobs_uid"] == uid]


def new_job(stack: Stack) -> tuple[str, str]:
    """Create a job; returns its name and uid."""
    name = next(_NAMES)
    create(stack, [quantum_job(name)])
    return name, stack.get("quantumjob", name)["metadata"]["uid"]


def assert_succeeded_once(stack: Stack, name: str, uid: str) -> None:
    """The job ended well, was billed once, left its output, and lets itself be deleted."""
    stack.wait(f"quantumjob/{name}", timeout=30)
    status = stack.get("quantumjob", name)["status"]
    assert status["state"] == "Succeeded", status["conditions"]
    assert stack.get("configmap", f"{name}-output")["data"]["state"] == "Succeeded"
    stack.kubectl("delete", "quantumjob", name, "--timeout=20s")
    assert runs_of(stack, uid) == ["Succeeded"]


@pytest.mark.parametrize(
    ("picks", "when"),
    [
        pytest.param(claims, Moment.BEFORE, id="before the claim"),
        pytest.param(claims, Moment.AFTER, id="after the claim"),
        pytest.param(asks_for_container, Moment.AFTER, id="before the program is uploaded"),
        pytest.param(submits, Moment.BEFORE, id="between the upload and the PUT"),
        pytest.param(submits, Moment.AFTER, id="between the effect of the PUT and its answer"),
        pytest.param(says_accepted, Moment.BEFORE, id="between the PUT and the status"),
        pytest.param(says_accepted, Moment.AFTER, id="between the status and its answer"),
        pytest.param(makes_output, Moment.BEFORE, id="before the ConfigMap"),
        pytest.param(makes_output, Moment.AFTER, id="between the ConfigMap and its answer"),
        pytest.param(says_finished, Moment.BEFORE, id="between the ConfigMap and the final status"),
        pytest.param(says_finished, Moment.AFTER, id="between the final status and its answer"),
        pytest.param(releases, Moment.BEFORE, id="between the final status and the release"),
    ],
)
def test_killed_on_the_way_to_the_output(stack: Stack, picks: Any, when: Moment) -> None:
    """After a restart the job ends as if nothing had happened, and is billed once."""
    held = hold(stack, picks, when)
    name, uid = new_job(stack)
    kill_at(stack, held)
    stack.operator.start()
    assert_succeeded_once(stack, name, uid)


@pytest.mark.parametrize(
    ("picks", "when"),
    [
        pytest.param(says_cancelling, Moment.BEFORE, id="before the wish is written"),
        pytest.param(asks_to_cancel, Moment.BEFORE, id="between the wish and the request"),
        pytest.param(asks_to_cancel, Moment.AFTER, id="between the cancellation and its answer"),
        pytest.param(releases, Moment.BEFORE, id="between the cancellation and the release"),
    ],
)
def test_killed_on_the_way_to_a_deletion(stack: Stack, picks: Any, when: Moment) -> None:
    """After a restart the object goes, once its job is cancelled."""
    stack.emulator.behave(executing_seconds=60)
    name, uid = new_job(stack)
    stack.wait(f"quantumjob/{name}", "jsonpath={.status.state}=Executing")
    held = hold(stack, picks, when)
    stack.kubectl("delete", "quantumjob", name, "--wait=false")
    kill_at(stack, held)
    stack.operator.start()
    stack.wait(f"quantumjob/{name}", "delete", timeout=30)
    assert runs_of(stack, uid) == ["Cancelled"]


@pytest.mark.parametrize("deleted", [False, True], ids=["wanted", "deleted meanwhile"])
def test_put_that_arrives_after_its_sender_died(stack: Stack, *, deleted: bool) -> None:
    """A PUT of the dead operator that was still under way when the new one looked is not doubled, and not forgotten."""
    stack.emulator.behave(executing_seconds=60 if deleted else 0.3)
    held = hold(stack, submits, Moment.BEFORE)
    name, uid = new_job(stack)
    held.wait_until_held()
    stack.operator.kill()
    if deleted:
        stack.kubectl("delete", "quantumjob", name, "--wait=false")
    before = _takeovers(stack)
    stack.operator.start()
    _wait_for_takeover(stack, before)
    held.release()
    if deleted:
        stack.wait(f"quantumjob/{name}", "delete", timeout=30)
        assert runs_of(stack, uid) == ["Cancelled"]
    else:
        assert_succeeded_once(stack, name, uid)


def test_deleted_while_nobody_knows_whether_it_runs(stack: Stack) -> None:
    """The answer to the PUT was lost with the operator, then the object is deleted: the job is found and cancelled."""
    stack.emulator.behave(executing_seconds=60)
    held = hold(stack, submits, Moment.AFTER)
    name, uid = new_job(stack)
    kill_at(stack, held)
    stack.kubectl("delete", "quantumjob", name, "--wait=false")
    stack.operator.start()
    stack.wait(f"quantumjob/{name}", "delete", timeout=30)
    assert runs_of(stack, uid) == ["Cancelled"]


def _takeovers(stack: Stack) -> int:
    assert stack.cluster_proxy is not None
    return sum(claims(exchange.request) for exchange in stack.cluster_proxy.exchanges)


def _wait_for_takeover(stack: Stack, before: int, seconds: float = 20) -> None:
    """Wait until the operator holds the claim, and long enough for one without doubts to submit."""
    deadline = time.monotonic() + seconds
    while _takeovers(stack) == before:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the operator did not take the claim over within {seconds} s")
        time.sleep(0.02)
    time.sleep(0.5)
