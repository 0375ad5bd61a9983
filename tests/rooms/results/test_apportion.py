"""Largest remainder: probabilities become counts that add up."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantumjob_operator.results.histogram import Probabilities, apportion

DISTRIBUTIONS = (
    st.lists(st.integers(0, 10**6), min_size=1, max_size=40)
    .filter(any)
    .map(lambda parts: {format(state, "06b"): part / sum(parts) for state, part in enumerate(parts)})
)


@given(DISTRIBUTIONS, st.integers(1, 10**6))
def test_counts_add_up_and_stay_near(outcomes: dict[str, float], shots: int) -> None:
    """All shots are dealt out, and no outcome gets a whole shot more or less than its share."""
    counts = apportion(Probabilities(outcomes), shots).outcomes
    assert sum(counts.values()) == shots
    total = math.fsum(outcomes.values())
    assert all(abs(counts.get(outcome, 0) - value / total * shots) < 1 + 1e-6 for outcome, value in outcomes.items())


@given(DISTRIBUTIONS, st.integers(1, 1000))
def test_the_order_of_the_result_makes_no_difference(outcomes: dict[str, float], shots: int) -> None:
    """The same probabilities give the same counts, however the provider sorts them."""
    turned = dict(reversed(outcomes.items()))
    assert apportion(Probabilities(turned), shots) == apportion(Probabilities(outcomes), shots)


@pytest.mark.parametrize(
    ("outcomes", "shots", "counts"),
    [
        pytest.param({"0": 0.5, "1": 0.5}, 500, {"0": 250, "1": 250}, id="even halves"),
        pytest.param({"1": 0.5, "0": 0.5}, 1, {"0": 1}, id="of equal remainders the first in order wins"),
        pytest.param({"0": 0.41, "1": 0.39, "2": 0.2}, 3, {"0": 1, "1": 1, "2": 1}, id="the largest remainders win"),
        pytest.param({"0": 1.0, "1": 0.0}, 7, {"0": 7}, id="what never happens has no count"),
        pytest.param({"0": 0.4975, "1": 0.4975}, 1000, {"0": 500, "1": 500}, id="rounded probabilities are normalised"),
        pytest.param({"0": 1.0, "1": 5e-324}, 3, {"0": 3}, id="the smallest of floats"),
        pytest.param({"0": 0.5, "1": 0.5}, 2**63 - 1, {"0": 2**62, "1": 2**62 - 1}, id="more shots than a float holds"),
    ],
)
def test_apportioning(outcomes: dict[str, float], shots: int, counts: dict[str, int]) -> None:
    """Cases worked out by hand."""
    assert apportion(Probabilities(outcomes), shots).outcomes == counts
