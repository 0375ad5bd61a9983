"""The jobs of one idempotency key: whose it is, found without a walk through all of them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.controller.process_state import Memory
from quantumjob_operator.controller.quota_guards import QuotaGuards
from quantumjob_operator.controller.reconcile_context import ReconcileContext
from quantumjob_operator.controller.submitter import Submitter
from quantumjob_operator.lifecycle.attempts import key_owner
from quantumjob_operator.lifecycle.observation import KeyOwner
from quantumjob_operator.metrics import Metrics
from quantumjob_operator.model.quantumjob import QuantumJob, parse_job
from quantumjob_operator.settings import Settings
from rooms.cluster.versions import cache_after
from rooms.lifecycle.observations import HOLDER, NOW, claim, finished, seen
from rooms.model.bodies import job_body

MANY: Final = 1_000
KEY: Final = "run-1"
touched: Final[set[str]] = set()


class Watched(QuantumJob):
    """A job that takes note of each look at it."""

    def __getattribute__(self, name: str) -> Any:
        """Note it."""
        touched.add(object.__getattribute__(self, "uid"))
        return object.__getattribute__(self, name)


def job(uid: str, *, age: int = 0, version: int = 1, key: str | None = KEY, **fields: Any) -> QuantumJob:
    """A job with the usual key, some seconds old."""
    spec = {} if key is None else {"idempotencyKey": key}
    made = parse_job(job_body(spec, uid=uid, name=f"job-{uid}", resourceVersion=str(version)))
    return replace(made, created=NOW - timedelta(seconds=age), **fields)


def crowd() -> tuple[Cache, list[str]]:
    """A thousand jobs of a tenant with one key, the first of which is the oldest; and who is woken from now on."""
    cache, woken = Cache(), list[str]()
    for number in range(MANY):
        one = job(f"uid-{number}", age=MANY - number)
        cache.put_job(Watched(**{field: getattr(one, field) for field in QuantumJob.__dataclass_fields__}))
    cache.by_key.wake = woken.append
    touched.clear()
    return cache, woken


async def _asked(cache: Cache, uid: str) -> KeyOwner | None:
    """Whose the key is, as a job is told that asks for it."""
    submitter = Submitter(
        objects=None,  # type: ignore[arg-type]  # asked by nobody who waits
        cache=cache,
        quotas=QuotaGuards(lambda: 0.0, {}),
        settings=Settings(),
        clock=Clock(lambda: 0.0, lambda: NOW),
        holder=HOLDER,
        metrics=Metrics(),
    )
    one = job(uid)
    context = ReconcileContext(seen(one), Memory(one), None, one.status, None)  # type: ignore[arg-type]  # unused
    await submitter.check_key(context)
    return context.seen.key_owner


async def test_one_of_a_crowd_that_waits_looks_at_few() -> None:
    """A thousand that look at all others would be a million looks."""
    cache, _ = crowd()
    owner = await _asked(cache, "uid-500")
    assert (owner and owner.uid, touched <= {"uid-0", "uid-1", "uid-500"}) == ("uid-0", True)


def test_the_end_of_an_owner_wakes_the_next_one_alone() -> None:
    """However it ends, and although the others wait as well."""
    cache, woken = crowd()
    cache.put_job(job("uid-0", age=MANY, version=2, status=finished()))
    assert (woken, touched <= {"uid-0", "uid-1"}) == (["uid-1"], True)
    cache.remove("uid-1")
    assert (woken, touched <= {"uid-0", "uid-1", "uid-2"}) == (["uid-1", "uid-2"], True)
    cache.remove("uid-900")
    assert woken == ["uid-1", "uid-2"]


def test_who_has_one_rival_less_is_woken() -> None:
    """Two have claimed a key; the older waits until the younger has stepped back."""
    cache, woken = Cache(), list[str]()
    cache.by_key.wake = woken.append
    cache.put_job(job("older", age=5, claim=claim(uid="older")))
    cache.put_job(job("younger", claim=claim(uid="younger")))
    assert woken == ["older"]
    cache.put_job(job("younger", version=2))
    assert woken == ["older", "older"]


UIDS: Final = ("u1", "u2", "u3", "u4")
jobs: Final = st.builds(
    job,
    st.sampled_from(UIDS),
    age=st.integers(0, 2),
    key=st.sampled_from(["a", "b", None]),
    claim=st.sampled_from([None, *(claim(uid=uid) for uid in UIDS[:2])]),
    namespace=st.sampled_from(["n", "m"]),
    status=st.sampled_from([job("u1").status, finished()]),
)


@given(st.lists(st.sampled_from(UIDS) | jobs))
def test_the_index_says_what_a_walk_through_all_would(steps: list[str | QuantumJob]) -> None:
    """After any jobs have come, changed and gone."""
    cache = cache_after(steps)
    for namespace, key in (("n", "a"), ("n", "b"), ("m", "a"), ("m", "b")):
        every = [one for one in cache.jobs.values() if (one.namespace, one.spec.idempotency_key) == (namespace, key)]
        assert {one.uid for one in cache.with_key(namespace, key)} == {one.uid for one in every}
        for one in (*every, job("stranger", key=key, namespace=namespace, age=1)):
            assert key_owner(one, cache.by_key.deciding(one)) == key_owner(one, every)
    if not cache.jobs:
        assert not cache.by_key._having
        assert not cache.by_key._line
