"""Bad input at volume: each manifest gets an answer, and neither the operator nor its other users suffer from it."""

import json
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from cluster import jobs
from cluster.jobnamespace import JobNamespace, eventually
from hostile.apiserver import Answer, ApiServer, Audit, Object
from hostile.manifests import Candidate, Sort, generate
from hostile.vitals import Vitals
from localstack.manifests import SERVICE_ACCOUNT, SYSTEM_NAMESPACE
from localstack.stack import Stack

pytestmark = pytest.mark.cluster

OPERATOR: Final = f"system:serviceaccount:{SYSTEM_NAMESPACE}:{SERVICE_ACCOUNT}"
KINDS: Final = ("quantumjobs", "quantumworkspaces")
ANSWERED_WITHIN: Final = 150.0
# After this time of nothing new each back-off has grown to at least half of it.
SETTLING_SECONDS: Final = 20.0
QUIET_SECONDS: Final = 20.0
# In the quiet time an object is reconciled twice at most, and each reconciliation asks the API server for few things.
REQUESTS_PER_OBJECT: Final = 6
USUAL_REQUESTS: Final = 60
MOST_MIB: Final = 400.0
HEALTHY: Final = 40
EXPECTED_TROUBLE: Final = {"Conflict", "ClusterError", "NotFound"}


def show(measured: str) -> None:
    """Print what was measured, for whoever runs pytest with `-s` or reads a failure."""
    print(measured)  # noqa: T201 - measurements, not a log


def conditions(found: Object) -> dict[str, Any]:
    """The conditions of an object by their types."""
    return {one["type"]: one for one in (found.get("status") or {}).get("conditions") or []}


def is_answered(found: Object) -> bool:
    """Whether the object says that it ended, or why it isn't submitted, or whether it is ready.

    Of jobs that want the same ConfigMap, those that were submitted before one of them had it say so at their end.
    """
    said = conditions(found)
    if found["kind"] == "QuantumWorkspace":
        return "Ready" in said
    held_back = "Submitted" in said and said["Submitted"]["status"] == "False" and said["Submitted"]["reason"]
    unwritten = said.get("Complete", {}).get("reason") in {"OutputConfigMapConflict", "OutputReserved"}
    return bool(held_back or unwritten or "Finished" in said)


def unanswered(api: ApiServer, namespace: str) -> list[str]:
    """The names of the objects that have no answer yet."""
    found = [one for plural in KINDS for one in api.objects(namespace, plural)]
    return [one["metadata"]["name"] for one in found if not is_answered(one)]


def run_healthy(stack: Stack, api: ApiServer, namespace: str) -> float:
    """Run healthy jobs in a namespace; returns how many seconds passed until all had their output."""
    JobNamespace.make(stack, namespace)
    bodies = [("quantumjobs", json.dumps(jobs.ionq(f"bell-{number}")).encode()) for number in range(HEALTHY)]
    since = time.monotonic()
    assert all(answer.uid for answer in api.create_all(namespace, bodies))

    def all_complete() -> bool:
        found = [conditions(one).get("Complete", {}) for one in api.objects(namespace, "quantumjobs")]
        return all(one.get("status") == "True" for one in found)

    eventually(all_complete, within=ANSWERED_WITHIN)
    return time.monotonic() - since


def post(api: ApiServer, namespace: str, candidates: Iterable[Candidate]) -> list[Answer]:
    """Send all manifests to the API server."""
    return api.create_all(namespace, [(one.resource, one.body) for one in candidates])


def assert_quiet(stack: Stack, api: ApiServer, namespace: str, vitals: Vitals) -> None:
    """Nothing is written any more, and nothing asked for more often than back-off explains."""
    time.sleep(SETTLING_SECONDS)
    open_ones = sum(
        "Finished" not in conditions(one) or one["kind"] == "QuantumWorkspace"
        for plural in KINDS
        for one in api.objects(namespace, plural)
    )
    audit, cpu = Audit(stack.cluster.audit_log, OPERATOR), vitals.cpu_seconds
    remote = sum(vitals.counted("quantumjob_remote_requests_total").values())
    time.sleep(QUIET_SECONDS)
    asked = audit.requests()
    remote = sum(vitals.counted("quantumjob_remote_requests_total").values()) - remote
    cpu = vitals.cpu_seconds - cpu
    show(
        f"{open_ones} objects that are not final: {asked.total()} requests to the API server, {remote:.0f} to the "
        f"service, {cpu:.1f} s of CPU in {QUIET_SECONDS:.0f} s; most often: {asked.most_common(3)}"
    )
    limit = USUAL_REQUESTS + REQUESTS_PER_OBJECT * open_ones
    assert asked.total() <= limit, asked.most_common(10)
    assert remote <= limit
    assert cpu < QUIET_SECONDS / 2


def assert_fared_well(vitals: Vitals) -> None:
    """One process from first to last, of bounded memory, in which nothing went wrong that is not foreseen."""
    assert vitals.same_process
    assert vitals.peak_mib < MOST_MIB
    assert vitals.counted("quantumjob_reconcile_errors_total", "error").keys() <= EXPECTED_TROUBLE


def told(candidates: Iterable[Candidate], answers: Iterable[Answer]) -> str:
    """What was accepted of each sort, and what was not."""
    counted = Counter((one.sort.value, answer.code) for one, answer in zip(candidates, answers, strict=True))
    return ", ".join(f"{sort} {code}: {count}" for (sort, code), count in sorted(counted.items()))


def test_generation_is_repeatable_and_mixed() -> None:
    """The same seed gives the same bytes; every sort is there, and nothing is made twice."""
    made = generate(100, start=3)
    assert made == generate(100, start=3)
    assert {one.sort for one in made} == set(Sort)
    assert len({one.body for one in made}) == len(made)


def test_a_hundred(stack: Stack, api: ApiServer) -> None:
    """Each manifest is refused by the API server or answered by the operator, and a healthy job beside them runs."""
    vitals = Vitals(stack.operator)
    place = JobNamespace.make(stack, "hundred")
    candidates = generate(100, start=1)
    with vitals.watched():
        answers = post(api, place.name, candidates)
        show(told(candidates, answers))
        beside = JobNamespace.make(stack, "beside-hundred")
        beside.apply(jobs.ionq("bell"))
        eventually(lambda: not unanswered(api, place.name), within=ANSWERED_WITHIN)
        beside.wait("bell", "Complete")
    assert {answer.uid is None for answer in answers} == {True, False}
    assert_fared_well(vitals)


@pytest.mark.slow
def test_two_thousand(stack: Stack, api: ApiServer) -> None:
    """The same at volume; then it is quiet, and healthy jobs beside them were not kept waiting for long."""
    candidates = generate(2_000, start=2)
    vitals = Vitals(stack.operator)
    alone = run_healthy(stack, api, "healthy-alone")
    place = JobNamespace.make(stack, "thousands")
    with vitals.watched(), ThreadPoolExecutor(1) as side:
        beside = side.submit(run_healthy, stack, api, "healthy-beside")
        answers = post(api, place.name, candidates)
        eventually(lambda: not unanswered(api, place.name), within=ANSWERED_WITHIN)
        show(f"{told(candidates, answers)}\nhealthy jobs: {alone:.1f} s alone, {beside.result():.1f} s beside them")
    assert len(answers) >= 2_000
    show(f"memory at most {vitals.peak_mib:.0f} MiB")
    assert_quiet(stack, api, place.name, vitals)
    assert_fared_well(vitals)
