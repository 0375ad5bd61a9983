"""What a count believes of jobs whose objects are gone or have forgotten them, by their own metadata."""

import pytest

from rooms.controller.counting import ELSEWHERE, HERE, LIMITS, PAGE, Lab, doubted, forgetful, row
from rooms.model.bodies import Body


@pytest.mark.parametrize(
    ("told", "reserved", "set_back"),
    [
        pytest.param({"reserved": "Free"}, [], False, id="it was free"),
        pytest.param({"reserved": "Free", "status": "Completed"}, [], False, id="it was free, and has ended"),
        pytest.param({"reserved": HERE}, ["12.5"], True, id="so much was reserved"),
        pytest.param({"reserved": HERE, "status": "Completed"}, ["12.5"], True, id="so much, and its bill is awaited"),
        pytest.param({"reserved": ELSEWHERE}, ["250"], False, id="nothing was reserved in this budget"),
        pytest.param({"reserved": "{}"}, ["250"], False, id="nothing was reserved in any budget"),
        pytest.param({}, ["250"], True, id="a version sent it that told nothing"),
        pytest.param({"reserved": "untold"}, ["250"], True, id="it was too long to tell"),
        pytest.param({"reserved": '{"mallory/own":{"USD":"-1"}}'}, ["250"], True, id="no amount"),
        pytest.param({"reserved": f'{{"mallory/own":{{"{"x" * 129}":"1"}}}}'}, ["250"], True, id="no unit"),
    ],
)
async def test_what_its_metadata_tell_of_a_job_whose_object_is_gone(
    told: Body, reserved: list[str], *, set_back: bool
) -> None:
    """Free jobs that were released while they run reserve nothing, and do not show that a ledger was set back."""
    lab = Lab(lambda _: [row(1, **told)], budget_spec=LIMITS)
    await lab.look()
    assert lab.state is not None
    assert [amount.amount for one in lab.state.ledger.open.values() for amount in one.amounts] == reserved
    lab = doubted(lambda _: [row(1, **told)], budget_spec=LIMITS)
    await lab.look()
    assert (lab.state is not None) is set_back


@pytest.mark.parametrize(
    ("told", "counted"),
    [
        pytest.param({"reserved": HERE}, 1, id="its metadata tell that this budget has reserved for it"),
        pytest.param({"reserved": ELSEWHERE}, 0, id="they tell of another one"),
        pytest.param({}, 0, id="they tell nothing"),
    ],
)
@pytest.mark.parametrize("spec", [{}, {"jobs": {"matchLabels": {"team": "a"}}}], ids=["all jobs", "some jobs"])
async def test_a_job_whose_namespace_is_not_admitted_any_more_counts_if_it_was(
    told: Body, counted: int, spec: Body
) -> None:
    """The namespace is gone, or its label was taken off; what it spent was spent."""
    lab = Lab(lambda _: [row(1, namespace="former", **told)], budget_spec=LIMITS | spec)
    await lab.look()
    assert lab.state is not None
    assert len(lab.state.ledger.open) == counted


@pytest.mark.parametrize(
    ("told", "reserved"),
    [
        pytest.param({"reserved": HERE}, {"USD": "12.5"}, id="so much was reserved"),
        pytest.param({"reserved": ELSEWHERE}, {"USD": "250"}, id="nothing was reserved in this budget"),
        pytest.param({}, {"USD": "250"}, id="a version sent it that told nothing"),
    ],
)
async def test_what_its_metadata_tell_of_a_job_that_its_object_has_forgotten(
    told: Body, reserved: dict[str, str]
) -> None:
    """A cluster was restored while the job runs, and the price that was known then is known no more."""
    lab = Lab(lambda _: [row(1, **told)], budget_spec=LIMITS)
    lab.cache.put_job(forgetful(1))
    await lab.look()
    assert lab.state is not None
    (entry,) = lab.state.ledger.open.values()
    assert {one.unit: one.amount for one in entry.amounts} == reserved


@pytest.mark.parametrize("status", ["Executing", "Completed"])
async def test_a_free_job_that_its_object_has_forgotten_counts_for_nothing(status: str) -> None:
    """Its own metadata say that it was free; hundreds of them would fill a budget that was restored."""
    lab = Lab(lambda _: [row(1, reserved="Free", status=status)], budget_spec=LIMITS)
    lab.cache.put_job(forgetful(1))
    await lab.look()
    assert lab.state is not None
    assert (lab.state.ledger.open, lab.state.ledger.spent) == ({}, {})
    lab = doubted(lambda _: [row(1, reserved="Free", status=status)], budget_spec=LIMITS)
    lab.cache.put_job(forgetful(1))
    await lab.look()
    assert lab.state is None, "it shows nothing"


@pytest.mark.parametrize("told", [{"reserved": HERE}, {}])
async def test_a_running_job_that_its_object_has_forgotten_shows_that_a_ledger_was_set_back(told: Body) -> None:
    """What it may cost is not known, and without `perJob` nobody says how much that is: it is not nothing."""
    lab = doubted(lambda _: [row(1, **told)])
    lab.cache.put_job(forgetful(1))
    await lab.look()
    assert lab.state is not None
    assert not lab.state.counted


async def test_what_a_job_surely_takes_is_counted_whatever_else_is_not_known() -> None:
    """It is one job, and its parameters tell its shots."""
    limits = [{"unit": unit, "amount": "1000"} for unit in ("USD", "jobs", "shots")]
    lab = Lab(lambda _: [row(1)], budget_spec={"limits": limits})
    lab.cache.put_job(forgetful(1, {"parameters": {"shots": 300}}))
    await lab.look()
    assert lab.state is not None
    (entry,) = lab.state.ledger.open.values()
    assert {one.unit: one.amount for one in entry.amounts} == {"jobs": "1", "shots": "300"}


async def test_free_jobs_under_way_whose_objects_are_gone_take_no_place() -> None:
    """A tenant may have any number of them, too."""
    lab = Lab(lambda page: [row(page * PAGE + number, reserved="Free") for number in range(PAGE)], pages=26)
    await lab.look()
    assert lab.state is not None
    assert lab.state.ledger.open == {}
