"""The jobs of one QuantumWorkspace, found without a walk through everybody's."""

from dataclasses import replace
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.model.quantumjob import QuantumJob, Through
from quantumjob_operator.model.quantumworkspace import Name
from rooms.cluster.versions import cache_after
from rooms.lifecycle.observations import claim
from rooms.model.bodies import job

UIDS: Final = ("u1", "u2", "u3")
NAMES: Final[tuple[Name, ...]] = (("n", "default"), ("n", "own"), ("m", "default"), ("platform", "shared"))
REFERENCES: Final[tuple[dict[str, str] | None, ...]] = (
    None,
    {"name": "own"},
    {"namespace": "platform", "name": "shared"},
)


def made(uid: str, namespace: str, reference: dict[str, str] | None, through: Name | None) -> QuantumJob:
    """A job of a namespace, with a reference and with what its claim names."""
    one = job({"workspaceRef": reference} if reference else {}, uid=uid, namespace=namespace)
    way = Through(*through, uid="w") if through else None
    return replace(one, claim=replace(claim(uid=uid), through=way) if way else None)


def named(one: QuantumJob) -> set[Name]:
    """What a job names."""
    ref, through = one.spec.workspace_ref, one.claim.through if one.claim else None
    found = {(ref.namespace or one.namespace, ref.name) if ref else (one.namespace, "default")}
    return found | ({(through.namespace, through.name)} if through else set())


jobs: Final = st.builds(
    made,
    st.sampled_from(UIDS),
    st.sampled_from(["n", "m"]),
    st.sampled_from(REFERENCES),
    st.sampled_from([None, *NAMES]),
)


@given(st.lists(st.sampled_from(UIDS) | jobs))
def test_the_index_says_what_a_walk_through_all_would(steps: list[str | QuantumJob]) -> None:
    """After any jobs have come, changed and gone."""
    cache = cache_after(steps)
    for name in NAMES:
        assert {one.uid for one in cache.by_way.naming(name)} == {
            one.uid for one in cache.jobs.values() if name in named(one)
        }
        assert all(cache.jobs[one.uid] is one for one in cache.by_way.naming(name))
    if not cache.jobs:
        assert not cache.by_way._naming


def test_what_names_a_workspace_that_is_not_there_is_found_when_it_comes() -> None:
    """A job waits for an object that is created after it."""
    cache = Cache()
    waiting: Any = made("u1", "n", {"name": "own"}, None)
    cache.put_job(waiting)
    assert list(cache.by_way.naming(("n", "own"))) == [waiting]
