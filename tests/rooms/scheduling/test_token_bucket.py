"""The rate of requests, and who is next: as pure functions of time."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantumjob_operator.scheduling.token_bucket import RequestQueue, TokenBucket

_RATE, _BURST = 10.0, 5.0


@pytest.mark.parametrize(
    ("moments", "waits"),
    [
        pytest.param([0], [0], id="a full bucket has one"),
        pytest.param([0] * 6, [0, 0, 0, 0, 0, 0.1], id="the burst, and then the rate"),
        pytest.param([0] * 8, [0, 0, 0, 0, 0, 0.1, 0.2, 0.3], id="whoever takes without waiting owes it"),
        pytest.param([0] * 5 + [0.05], [0] * 5 + [0.05], id="half a token is none"),
        pytest.param([0] * 5 + [0.1], [0] * 6, id="a token has come in"),
        pytest.param([0] * 5 + [100] * 6, [0] * 10 + [0.1], id="a long rest fills the bucket and no more"),
        pytest.param([5, 3, 3], [0, 0, 0], id="a clock that steps back takes nothing"),
    ],
)
def test_when_a_token_is_there(moments: Sequence[float], waits: Sequence[float]) -> None:
    """Seconds to wait at each moment, taking one each time."""
    bucket, found = TokenBucket.full(_RATE, _BURST, moments[0]), []
    for moment in moments:
        found.append(bucket.wait(moment))
        bucket.take(moment)
    assert found == pytest.approx(waits)


@given(st.lists(st.floats(0, 3), max_size=60))
def test_the_rate_is_kept(pauses: list[float]) -> None:
    """Whoever waits as told never begins more in any stretch of time than burst and rate allow."""
    bucket, now, begun = TokenBucket.full(_RATE, _BURST, 0.0), 0.0, []
    for pause in pauses:
        now += pause
        now += bucket.wait(now)
        bucket.take(now)
        begun.append(now)
    for first, start in enumerate(begun):
        for last in range(first, len(begun)):
            assert last - first + 1 <= _BURST + _RATE * (begun[last] - start) + 1e-6


@pytest.mark.parametrize(
    ("joined", "order"),
    [
        pytest.param("a1 b1 A1", "A1 a1 b1", id="cancelling goes first"),
        pytest.param("a1 A1 A2 A3 A4 A5 A6", "A1 A2 A3 A4 a1 A5 A6", id="four of five turns at most"),
        pytest.param("A1 A2 A3 A4 A5 A6", "A1 A2 A3 A4 A5 A6", id="all of them while nobody else waits"),
        pytest.param(
            "A1 A2 A3 B1 a1 a2 a3 b1", "A1 B1 A2 A3 a1 b1 a2 a3", id="namespaces are served round-robin in both parts"
        ),
        pytest.param(
            "A1 A2 A3 A4 A5 A6 A7 A8 A9 a1 b1", "A1 A2 A3 A4 a1 A5 A6 A7 A8 b1 A9", id="and in what cancelling leaves"
        ),
        pytest.param("", "", id="nobody waits"),
    ],
)
def test_who_is_next(joined: str, order: str) -> None:
    """Capital letters cancel; a letter is a namespace."""
    queue: RequestQueue[str] = RequestQueue()
    for item in joined.split():
        queue.push(item[0].lower(), item, cancelling=item[0].isupper())
    assert [queue.pop() for _ in order.split()] == order.split()
    assert (queue.pop(), len(queue)) == (None, 0)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=80))
def test_cancelling_has_its_share_and_no_more(joined: list[tuple[str, bool]]) -> None:
    """While both wait, no five turns in a row are of cancelling, and none but the fifth is of the rest."""
    queue: RequestQueue[int] = RequestQueue()
    for number, (tenant, cancelling) in enumerate(joined):
        queue.push(tenant, number, cancelling=cancelling)
    left, row = Counter(cancelling for _, cancelling in joined), 0
    while (number_taken := queue.pop()) is not None:
        cancelling, both = joined[number_taken][1], left[True] and left[False]
        left[cancelling] -= 1
        if both:
            assert cancelling == (row < 4)
        row = min(row + 1, 4) if cancelling else 0
    assert not left.total()
