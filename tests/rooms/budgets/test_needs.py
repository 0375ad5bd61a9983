"""How much a job reserves: the table of what is known of its cost."""

from typing import Any

import pytest

from quantumjob_operator.budgets.needs import CostUnknown, Needs, needs_of
from quantumjob_operator.model.money import Basis, Estimate
from rooms.budgets.values import budget, estimate
from rooms.model.bodies import job

DOLLARS = [{"unit": "USD", "amount": "100"}]
CREDITS = [{"unit": "hqc", "amount": "500"}]
FREE = Estimate(Basis.FREE, "ionq.simulator costs nothing")
TIME = Estimate(Basis.UNKNOWN, "the cost of rigetti.qpu.cepheus depends on its execution time")


@pytest.mark.parametrize(
    ("spec", "of_job", "told", "amounts", "basis"),
    [
        pytest.param({}, {}, FREE, {}, "Free", id="what is free reserves nothing"),
        pytest.param({}, {}, estimate(("USD", "97.5")), {"USD": "97.5"}, "Estimate", id="an estimate"),
        pytest.param(
            {},
            {"maxCost": DOLLARS},
            estimate(("USD", "97.5")),
            {"USD": "97.5"},
            "Estimate",
            id="an estimate comes before maxCost",
        ),
        pytest.param(
            {}, {"maxCost": DOLLARS}, TIME, {"USD": "100"}, "MaxCost", id="maxCost where nothing is estimated"
        ),
        pytest.param({}, {"maxCost": DOLLARS}, None, {"USD": "100"}, "MaxCost", id="maxCost without a price list"),
        pytest.param({"unknownCost": "Allow"}, {}, TIME, {}, "Unknown", id="nothing of money if the owner allows it"),
        pytest.param(
            {"unknownCost": "Allow", "limits": [{"unit": "jobs", "amount": "50"}, {"unit": "shots", "amount": "9000"}]},
            {"parameters": {"shots": 700}},
            TIME,
            {"jobs": "1", "shots": "700"},
            "Unknown",
            id="jobs and shots are counted all the same",
        ),
        pytest.param(
            {"limits": CREDITS}, {}, estimate(("USD", "1")), {"hqc": "0"}, "Estimate", id="another's unit is 0"
        ),
        pytest.param(
            {"limits": CREDITS},
            {"provider": "quantinuum"},
            estimate(("ehqc", "6")),
            {"hqc": "0"},
            "Estimate",
            id="an emulator's credits are not the machine's",
        ),
        pytest.param(
            {"perJob": [{"unit": "USD", "amount": "10"}], "limits": CREDITS},
            {"provider": "quantinuum"},
            estimate(("hqc", "6"), ("USD", "75")),
            {"hqc": "6", "USD": "75"},
            "Estimate",
            id="units of perJob count as well",
        ),
    ],
)
def test_it_reserves(
    spec: dict[str, Any], of_job: dict[str, Any], told: Estimate | None, amounts: dict[str, str], basis: str
) -> None:
    """What is known, or what its user said."""
    needs = needs_of(budget(**spec).spec, job(of_job).spec, told)
    assert isinstance(needs, Needs)
    assert ({one.unit: one.amount for one in needs.amounts}, needs.basis) == (amounts, basis)


@pytest.mark.parametrize(
    ("spec", "of_job", "told", "unit", "says"),
    [
        pytest.param({}, {}, TIME, "USD", "depends on its execution time", id="no estimate, no maxCost"),
        pytest.param({}, {}, None, "USD", "names no price list", id="no price list"),
        pytest.param({}, {}, estimate(("EUR", "500")), "USD", "in EUR, which is not converted", id="another currency"),
        pytest.param(
            {"unknownCost": "Hold"},
            {"maxCost": DOLLARS},
            TIME,
            "USD",
            "execution time",
            id="the owner believes no user",
        ),
        pytest.param(
            {"limits": [{"unit": "gs1q", "amount": "9"}]},
            {},
            estimate(("USD", "97.5")),
            "gs1q",
            "in USD",
            id="its own provider's unit, of which the list says nothing",
        ),
        pytest.param(
            {"limits": [{"unit": "shots", "amount": "9"}]},
            {"parameters": {}},
            estimate(("USD", "1")),
            "shots",
            "shots is absent",
            id="the target chooses the shots",
        ),
        pytest.param(
            {"limits": [{"unit": "shots", "amount": "1000"}]},
            {"parameters": {}, "maxCost": [{"unit": "shots", "amount": "0.000001"}]},
            TIME,
            "shots",
            "parameters.shots is absent, or parameters.items",
            id="maxCost says nothing of shots that the target chooses",
        ),
        pytest.param(
            {"limits": [{"unit": "shots", "amount": "1000"}]},
            {"parameters": {"shots": 900000, "items": [{}]}, "maxCost": [{"unit": "shots", "amount": "0.000001"}]},
            None,
            "shots",
            "parameters.shots is absent, or parameters.items",
            id="nor of those of several runs",
        ),
    ],
)
def test_it_is_not_known(
    spec: dict[str, Any], of_job: dict[str, Any], told: Estimate | None, unit: str, says: str
) -> None:
    """Unknown is never 0."""
    found = needs_of(budget(**spec).spec, job(of_job).spec, told)
    assert isinstance(found, CostUnknown)
    assert found.unit == unit
    assert says in found.detail
