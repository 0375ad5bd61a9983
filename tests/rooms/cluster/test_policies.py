"""Policies in the cache, and whom a change of one wakes."""

from typing import Any, Final

from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.watch import Watch
from quantumjob_operator.model.naming import JOB_PLURAL, POLICY_PLURAL
from quantumjob_operator.scheduling.work_queue import WorkQueue
from quantumjob_operator.settings import Settings
from rooms.model.bodies import OTHER_UID, UID, job_body

UNASKED: Final[Any] = None


def ear() -> Watch:
    """A watch that nobody runs."""
    cache = Cache()
    clock: Any = Clock(lambda: 0.0, UNASKED)
    return Watch(cache, UNASKED, WorkQueue(lambda: 0.0, cache.namespace), Settings(), clock)


def policy(name: str = "limits", version: str = "50", namespace: str = "research") -> Any:
    """A QuantumPolicy as the API server tells it."""
    metadata = {"namespace": namespace, "name": name, "uid": f"uid-of-{name}", "resourceVersion": version}
    return {"metadata": metadata, "spec": {"maxShots": int(version)}}


def held(uid: str, reason: str, namespace: str = "research") -> Any:
    """A job that waits."""
    condition = {"type": "Submitted", "status": "False", "reason": reason, "lastTransitionTime": "2026-11-22T09:00:00Z"}
    status = {"state": "Pending", "conditions": [condition | {"message": "", "observedGeneration": 2}]}
    return job_body(uid=uid, name=uid, namespace=namespace) | {"status": status}


def woken(watch: Watch) -> set[str]:
    """What is to be reconciled; forgotten then."""
    waiting = set(watch.queue._queued)
    watch.queue = WorkQueue(lambda: 0.0, watch.cache.namespace)
    return waiting


def test_the_policies_of_a_namespace_by_name() -> None:
    """Newest versions, and none that is gone."""
    watch = ear()
    for body in (policy("b"), policy("a"), policy("c", namespace="teaching"), policy("b", "51"), policy("b", "49")):
        watch._hear(POLICY_PLURAL, "MODIFIED", body)
    found = watch.cache.policies_of("research")
    assert [(one.name, one.spec.max_shots) for one in found] == [("a", 50), ("b", 51)]
    watch._hear(POLICY_PLURAL, "DELETED", policy("b", "52"))
    assert [one.name for one in watch.cache.policies_of("research")] == ["a"]
    assert watch.cache.versions() == {"uid-of-a": "50", "uid-of-c": "50"}


def test_a_restored_cluster_may_bring_back_an_older_policy() -> None:
    """Its version is lower then, and the news all the same."""
    watch = ear()
    watch._hear(POLICY_PLURAL, None, policy(version="50"))
    watch.cache.mark_stale()
    watch._hear(POLICY_PLURAL, None, policy(version="7"))
    assert [one.spec.max_shots for one in watch.cache.policies_of("research")] == [7]


def test_a_change_wakes_who_waits_for_it() -> None:
    """In its own namespace, and nobody who waits for something else; the policy itself is no job."""
    watch = ear()
    watch._hear(JOB_PLURAL, None, held(UID, "TooManyShots"))
    watch._hear(JOB_PLURAL, None, held("for-a-place", "MaxJobsInFlight"))
    watch._hear(JOB_PLURAL, None, held("elsewhere", "TooManyShots", "teaching"))
    woken(watch)
    watch._hear(POLICY_PLURAL, "ADDED", policy())
    assert woken(watch) == {UID}
    watch._hear(POLICY_PLURAL, "MODIFIED", policy())
    assert woken(watch) == set()
    watch._hear(POLICY_PLURAL, "DELETED", policy(version="51"))
    assert woken(watch) == {UID}


async def test_who_is_looked_at_just_now_is_looked_at_again() -> None:
    """The reconciliation saw the former policies, and may be about to write that the job waits for them."""
    watch = ear()
    watch._hear(JOB_PLURAL, None, job_body(uid=OTHER_UID))
    watch.queue._queued.clear()
    watch.queue._working.add(OTHER_UID)
    watch._hear(POLICY_PLURAL, "ADDED", policy())
    assert watch.queue._dirty == {OTHER_UID}
