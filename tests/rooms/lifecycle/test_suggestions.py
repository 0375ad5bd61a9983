"""A refusal names what the workspace offers instead."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from growth import times_as_long
from quantumjob_operator.lifecycle import decide
from quantumjob_operator.lifecycle.observation import ABSENT, Trouble
from quantumjob_operator.lifecycle.suggestions import instead_of
from rooms.lifecycle.observations import PROGRAM, WORKSPACE, claimed, seen

OFFERS = [
    {"provider": "ionq", "target": "ionq.qpu.aria-1", "availability": "Available"},
    {"provider": "ionq", "target": "ionq.simulator", "availability": "Available"},
    {"provider": "quantinuum", "target": "quantinuum.sim.h2-1e", "availability": "Available"},
    {"provider": "rigetti", "target": "rigetti.sim.qvm", "availability": "Available"},
]


@pytest.mark.parametrize(
    ("provider", "target", "said"),
    [
        pytest.param("ionq", "ionq.simulator", "", id="what is offered needs no word"),
        pytest.param("IonQ", "ionq.simulator", "", id="the provider's case makes no difference"),
        pytest.param(
            "ionq", "ionq.simulater", "no ionq.simulater of ionq, but ionq.simulator of ionq", id="a slip in the target"
        ),
        pytest.param("ion", "ionq.simulator", "but ionq.simulator of ionq", id="a slip in the provider"),
        pytest.param("quantinuum", "h2", "but quantinuum.sim.h2-1e of quantinuum", id="a target unlike all others"),
        pytest.param("rigeti", "q", "but the providers rigetti", id="a slip in a provider without such a target"),
        pytest.param("acme", "q", "but the providers ionq, quantinuum, rigetti", id="a provider unlike all others"),
    ],
)
def test_the_nearest_is_named(provider: str, target: str, said: str) -> None:
    """By the letters of the target, else by the provider's own targets, else by the providers."""
    message = instead_of(provider, target, OFFERS)
    assert said in message
    assert bool(message) == bool(said)


def test_a_workspace_that_nobody_has_looked_at_offers_nothing() -> None:
    """Then nothing is said: it may offer what the job names."""
    assert instead_of("ionq", "ionq.simulater", []) == ""


def test_many_targets_make_a_short_sentence() -> None:
    """It goes into a condition."""
    offers = [{"provider": "p", "target": "t" * 100 + str(number)} for number in range(100)]
    assert len(instead_of("p", "t" * 100, offers)) < 500


def test_the_end_of_a_refused_job_names_it() -> None:
    """Behind the service's own words."""
    refused = Trouble("Rejected", "the service refuses the job's definition: HTTP 400", final=True)
    job = claimed({"target": "ionq.simulater"})
    known = seen(job, workspace=replace(WORKSPACE, offers=OFFERS), program=PROGRAM, remote=ABSENT, submission=refused)
    said = decide(known).status.condition("Failed")
    assert said is not None
    assert said.message.startswith("the service refuses the job's definition: HTTP 400; the workspace offers no ")
    assert "ionq.simulator of ionq" in said.message


def test_a_workspace_that_invents_targets_costs_no_time() -> None:
    """Ten times as many names, four times as long: each pair of letters would be compared with each other."""
    usual, invented = (_suggesting(number, length) for number, length in ((100, 64), (1_000, 256)))
    assert times_as_long(usual, invented, most=6) < 6


def _suggesting(number: int, length: int) -> Callable[[], None]:
    letters = Random(1)  # noqa: S311 - nothing secret
    names = ["".join(letters.choices("ab", k=length)) for _ in range(number)]
    offers = [{"provider": "ionq", "target": name} for name in names]

    def suggest() -> None:
        assert instead_of("ionq", "ab" * 64, offers)

    return suggest
