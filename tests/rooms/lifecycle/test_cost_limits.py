"""spec.maxCost: what is never submitted, what is submitted all the same, and what waits."""

from dataclasses import replace
from typing import Any, Final

import pytest

from quantumjob_operator.lifecycle import Action, decide
from quantumjob_operator.lifecycle.cost_limits import NO_PRICES
from quantumjob_operator.lifecycle.observation import Trouble
from quantumjob_operator.model.jobstatus import State
from quantumjob_operator.model.money import Amount, Basis, Estimate
from rooms.lifecycle.observations import OUTPUT, PROGRAM, new, reason_of, seen, set_aside

DETAIL: Final = "2 two-qubit gates, 1,000 shots"
USD_20: Final = Estimate(Basis.PRICE_LIST, DETAIL, (Amount("USD", "20"), Amount("hqc", "7.5")), "2025-09-17")
FREE: Final = Estimate(Basis.FREE, "ionq.simulator costs nothing", (), "2025-09-17")
UNKNOWN: Final = Estimate(Basis.UNKNOWN, "depends on its execution time", (), "2025-09-17")
UNREADABLE: Final = Trouble("PriceListUnreadable", "spec.pricesRef: it is no YAML")


def known(told: Estimate | Trouble | None, *limits: tuple[str, str], status: Any = None) -> Any:
    """A job with these limits, whose program was read."""
    amounts = [{"unit": unit, "amount": amount} for unit, amount in limits]
    job = new({"maxCost": amounts}, **({"status": status} if status else {}))
    return seen(job, program=replace(PROGRAM, estimate=told), output=OUTPUT)


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(known(USD_20), id="no limit"),
        pytest.param(known(USD_20, ("USD", "20")), id="just as much as is allowed"),
        pytest.param(known(UNKNOWN, ("USD", "5")), id="nothing can be estimated"),
        pytest.param(known(None, ("USD", "5")), id="no price list"),
        pytest.param(known(FREE, ("USD", "0")), id="free"),
        pytest.param(known(UNREADABLE), id="an unreadable price list, and no limit"),
    ],
)
def test_goes_on(now: Any) -> None:
    """Nothing is in the way of the claim."""
    assert decide(now).action is Action.CLAIM


@pytest.mark.parametrize(
    ("now", "says"),
    [
        pytest.param(
            known(USD_20, ("USD", "19.999999")),
            f"allows 19.999999 USD, and this job is expected to cost 20 USD ({DETAIL}; prices of 2025-09-17)",
            id="more than is allowed",
        ),
        pytest.param(known(USD_20, ("USD", "100"), ("hqc", "7")), "7 hqc", id="in one of two units"),
        pytest.param(
            known(USD_20, ("HQC", "100")),
            "limits HQC, and the price list tells the cost in USD and hqc",
            id="another unit",
        ),
        pytest.param(known(UNKNOWN, ("USD", "0")), "not known to be 0: depends on", id="0, and nobody knows"),
        pytest.param(known(None, ("USD", "0")), NO_PRICES, id="0, and there is no price list"),
    ],
)
def test_is_never_submitted(now: Any, says: str) -> None:
    """The limit can't be changed: the job ends at once, and says what it would have cost."""
    decision = decide(now)
    assert (decision.status.state, reason_of(decision.status, "Failed")) == (State.FAILED, "True:AboveMaxCost")
    condition = decision.status.condition("Failed")
    assert condition is not None
    assert says in condition.message
    assert "in a new job" in condition.message


def test_waits_for_the_price_list() -> None:
    """It can be repaired, and whoever set a limit meant it."""
    decision = decide(known(UNREADABLE, ("USD", "5")))
    assert (decision.action, reason_of(decision.status, "Submitted"), decision.backoff) == (
        Action.NONE,
        "False:PriceListUnreadable",
        True,
    )


def test_attempts_before_count_where_nothing_can_be_estimated() -> None:
    """What is spent is spent."""
    billed = set_aside(total_cost=(Amount("USD", "50"),))
    assert reason_of(decide(known(UNKNOWN, ("USD", "10"), status=billed)).status, "Failed") == "True:AboveMaxCost"
    assert decide(known(UNKNOWN, ("USD", "51"), status=billed)).action is Action.CLAIM


def test_attempts_before_count() -> None:
    """The limit is the job's, not an attempt's."""
    billed = set_aside(total_cost=(Amount("USD", "15.5"), Amount("gs1q", "100")))
    decision = decide(known(USD_20, ("USD", "35"), status=billed))
    assert reason_of(decision.status, "Failed") == "True:AboveMaxCost"
    assert "after 15.5 USD for the attempts before" in str(decision.status.condition("Failed"))
