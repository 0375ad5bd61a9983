"""Turns of tenants: nobody waits for more than one turn of every other, whoever comes and goes."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantumjob_operator.scheduling.fair_queue import FairQueue

_TENANTS = "abcd"
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("push"), st.sampled_from(_TENANTS), st.integers(0, 30)),
        st.tuples(st.just("discard"), st.sampled_from(_TENANTS), st.integers(0, 30)),
        st.tuples(st.just("pop"), st.just(""), st.just(0)),
    ),
    max_size=120,
)


@pytest.mark.parametrize(
    ("pushed", "popped"),
    [
        pytest.param(["a1", "a2", "a3"], ["a1", "a2", "a3"], id="one tenant alone is served in its order"),
        pytest.param(["a1", "a2", "a3", "b1"], ["a1", "b1", "a2", "a3"], id="the last who came waits for one turn"),
        pytest.param(["a1", "a2", "b1", "b2", "c1"], ["a1", "b1", "c1", "a2", "b2"], id="three go round"),
        pytest.param(["a1", "b1", "a1", "b1"], ["a1", "b1"], id="what stands in the queue keeps its place"),
        pytest.param([], [], id="nobody waits"),
    ],
)
def test_the_order_of_turns(pushed: Sequence[str], popped: Sequence[str]) -> None:
    """Tenants go round; the items of one keep their order."""
    queue: FairQueue[str] = FairQueue()
    for item in pushed:
        queue.push(item[0], item)
    assert len(queue) == len(popped)
    assert [queue.pop() for _ in popped] == [(item[0], item) for item in popped]
    assert (queue.pop(), len(queue)) == (None, 0)


def test_who_is_put_to_the_front_goes_before_its_own_tenant_alone() -> None:
    """Whether it waits there already or not; the turns of the others stay as they are."""
    queue: FairQueue[str] = FairQueue()
    for item in ("a1", "a2", "b1", "a3"):
        queue.push(item[0], item)
    queue.push_first("a", "a3")
    queue.push_first("b", "b0")
    assert (len(queue), queue.ahead("a", "a1"), queue.peek()) == (5, 2, ("a", "a3"))
    assert [queue.pop() for _ in range(5)] == [(item[0], item) for item in ("a3", "b0", "a1", "b1", "a2")]


def test_who_cannot_use_a_turn_keeps_it() -> None:
    """A tenant at its limit is passed over and goes first once it may."""
    queue: FairQueue[str] = FairQueue()
    for item in ("a1", "b1", "b2", "b3"):
        queue.push(item[0], item)
    assert queue.pop(lambda tenant: tenant != "a") == ("b", "b1")
    assert queue.pop(lambda tenant: tenant != "a") == ("b", "b2")
    assert queue.pop(lambda tenant: tenant == "c") is None
    assert queue.pop() == ("a", "a1")
    assert queue.pop() == ("b", "b3")


@given(_STEPS)
def test_a_place_in_the_queue_is_how_many_are_served_before(steps: list[tuple[str, str, int]]) -> None:
    """However items came and went: serving all of them from now on shows it."""
    queue: FairQueue[tuple[str, int]] = FairQueue()
    waiting: set[tuple[str, int]] = set()
    for step, tenant, number in steps:
        item = (tenant, number)
        if step == "push":
            queue.push(tenant, item)
            waiting.add(item)
        elif step == "discard":
            queue.discard(tenant, item)
            waiting.discard(item)
        elif (taken := queue.pop()) is not None:
            waiting.remove(taken[1])
    told = {item: queue.ahead(item[0], item) for item in waiting}
    served = [queue.pop() for _ in waiting]
    assert told == {taken[1]: place for place, taken in enumerate(served) if taken}


def test_who_cannot_use_a_turn_is_not_before_others() -> None:
    """A tenant at its limit keeps nobody waiting."""
    queue: FairQueue[str] = FairQueue()
    for item in ("a1", "a2", "b1", "b2", "c1"):
        queue.push(item[0], item)
    assert queue.ahead("b", "b2") == 4
    assert queue.ahead("b", "b2", lambda tenant: tenant != "a") == 2


@given(_STEPS)
def test_nobody_waits_for_more_than_one_turn_of_every_other(steps: list[tuple[str, str, int]]) -> None:
    """However items come and go: while a tenant has something waiting, each other has one turn at most before it."""
    queue: FairQueue[tuple[str, int]] = FairQueue()
    waiting: dict[str, list[tuple[str, int]]] = {tenant: [] for tenant in _TENANTS}
    since: dict[str, Counter[str]] = {}
    for kind, tenant, number in steps:
        item = (tenant, number)
        if kind == "push":
            queue.push(tenant, item)
            if item not in waiting[tenant]:
                waiting[tenant].append(item)
            since.setdefault(tenant, Counter())
        elif kind == "discard":
            queue.discard(tenant, item)
            if item in waiting[tenant]:
                waiting[tenant].remove(item)
        else:
            popped = queue.pop()
            if popped is None:
                assert not any(waiting.values())
                continue
            served, taken = popped
            assert taken == waiting[served].pop(0)
            for other in since.keys() - {served}:
                since[other][served] += 1
                assert since[other][served] <= 1
            since[served] = Counter()
        since = {one: seen for one, seen in since.items() if waiting[one]}
        assert len(queue) == sum(map(len, waiting.values()))
