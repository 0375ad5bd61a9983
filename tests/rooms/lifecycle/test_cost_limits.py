"""spec.maxCost: what is never submitted, what is submitted all the same, and what waits."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

import pytest

from quantumjob_operator.lifecycle import Action, decide
from quantumjob_operator.lifecycle.cost_limits import NO_PRICES, cost_notices
from quantumjob_operator.lifecycle.decision import Notice
from quantumjob_operator.lifecycle.observation import ABSENT, Trouble
from quantumjob_operator.model.jobstatus import AttemptShown, CostEventShown, CostShown, JobStatus, State
from quantumjob_operator.model.money import Amount, Basis, ByShots, Estimate
from rooms.lifecycle.observations import (
    OUTPUT,
    PROGRAM,
    ago,
    claim,
    identity,
    new,
    reason_of,
    remote,
    seen,
    set_aside,
)

DETAIL: Final = "2 two-qubit gates, 1,000 shots"
USD_20: Final = Estimate(Basis.PRICE_LIST, DETAIL, (Amount("USD", "20"), Amount("hqc", "7.5")), "2025-09-17")
FREE: Final = Estimate(Basis.FREE, "ionq.simulator costs nothing", (), "2025-09-17")
UNKNOWN: Final = Estimate(Basis.UNKNOWN, "depends on its execution time", (), "2025-09-17")
AT_LEAST: Final = replace(UNKNOWN, at_least=(Amount("USD", "12.4166"),))
UNREADABLE: Final = Trouble("PriceListUnreadable", "spec.pricesRef: it is no YAML")


def known(told: Estimate | Trouble | None, *limits: tuple[str, str], status: Any = None) -> Any:
    """A job with these limits, whose program was read."""
    amounts = [{"unit": unit, "amount": amount} for unit, amount in limits]
    job = new({"maxCost": amounts}, **({"status": status} if status else {}))
    return seen(job, program=replace(PROGRAM, estimate=told), output=OUTPUT, remote=ABSENT)


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(known(USD_20), id="no limit"),
        pytest.param(known(USD_20, ("USD", "20")), id="just as much as is allowed"),
        pytest.param(known(UNKNOWN, ("USD", "5")), id="nothing can be estimated"),
        pytest.param(known(None, ("USD", "5")), id="no price list"),
        pytest.param(known(FREE, ("USD", "0")), id="free"),
        pytest.param(known(AT_LEAST, ("USD", "12.4166")), id="just as much as the minimum"),
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
        pytest.param(
            known(replace(USD_20, by_shots=(ByShots("USD", Decimal(0), Decimal("0.02")),)), ("USD", "19")),
            "use fewer shots (at most 950), or raise spec.maxCost, in a new job",
            id="and fewer shots would do",
        ),
        pytest.param(known(USD_20, ("USD", "100"), ("hqc", "7")), "7 hqc", id="in one of two units"),
        pytest.param(
            known(USD_20, ("HQC", "100")),
            "limits HQC, and the price list tells the cost in USD and hqc",
            id="another unit",
        ),
        pytest.param(known(AT_LEAST, ("USD", "12")), "costs at least 12.4166 USD (depends on", id="below the minimum"),
        pytest.param(known(AT_LEAST, ("EUR", "99")), "limits EUR, and the price list tells the cost in USD", id="EUR"),
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


BEGAN: Final = AttemptShown(1, identity(1), "Failed", "JobFailed", None, ago(60))
BILL: Final = CostShown("20", "USD", (CostEventShown("hqc", billed="7.5"),))


def before(*attempts: AttemptShown, **fields: Any) -> JobStatus:
    """The status between two attempts, of which the first were these."""
    return set_aside("Retrying", age=600, attempt=len(attempts), attempts=attempts, **fields)


@pytest.mark.parametrize(
    ("told", "limit", "status", "says"),
    [
        pytest.param(USD_20, ("USD", "39.99"), before(BEGAN), "1 attempt whose bill", id="no bill is told"),
        pytest.param(USD_20, ("USD", "40"), before(BEGAN), None, id="no bill is told, and there is room for it"),
        pytest.param(
            USD_20, ("USD", "20"), before(replace(BEGAN, start_time=None)), None, id="it never began: nothing to pay"
        ),
        pytest.param(
            USD_20, ("USD", "30"), before(replace(BEGAN, cost=CostShown("1", "EUR")), total_cost=(Amount("EUR", "1"),)),
            "1 attempt whose bill", id="a bill in another currency is none",
        ),
        pytest.param(
            USD_20, ("hqc", "14"), before(replace(BEGAN, cost=CostShown("1", "USD")), total_cost=(Amount("USD", "1"),)),
            "1 attempt whose bill", id="a bill without the limit's unit is none",
        ),
        pytest.param(
            USD_20, ("hqc", "15"), before(replace(BEGAN, cost=BILL), total_cost=(Amount("hqc", "7.5"),)),
            None, id="a bill with its units",
        ),
        pytest.param(UNKNOWN, ("USD", "1000"), before(BEGAN), "may be spent", id="nothing is known of either"),
        pytest.param(FREE, ("USD", "0"), before(BEGAN), None, id="free"),
        pytest.param(AT_LEAST, ("USD", "99"), before(BEGAN), "may be spent", id="a minimum is no bill"),
        pytest.param(
            USD_20, ("USD", "59"), before(BEGAN, replace(BEGAN, attempt=2)), "2 attempts whose bill", id="two of them"
        ),
        pytest.param(
            USD_20, ("USD", "100"), set_aside("Retrying", age=600, attempt=12, attempts=(replace(BEGAN, attempt=12),)),
            "12 attempts whose bill", id="attempts that are shown no longer",
        ),
    ],
)  # fmt: skip
def test_attempts_without_a_bill_count_as_expected(
    told: Estimate, limit: tuple[str, str], status: JobStatus, says: str | None
) -> None:
    """A service that says nothing has not worked for nothing: every failed job that was recorded shows no cost."""
    now = known(told, limit, status=status)
    now = replace(now, job=replace(now.job, claim=claim(status.attempt or 1)))
    decision = decide(now)
    assert (decision.action is Action.CLAIM) == (says is None), decision
    if says:
        assert says in str(decision.status.condition("Failed"))


def test_what_was_sent_at_lower_prices_is_not_lost() -> None:
    """An object that was set back has forgotten its claim; its job is taken up, and not left alone as too dear."""
    dear = known(USD_20, ("USD", "1"))
    assert decide(replace(dear, remote=None)).action is Action.GET_REMOTE
    assert decide(replace(dear, remote=remote())).action is Action.CLAIM
    held = decide(replace(dear, remote=Trouble("ServiceUnavailable", "HTTP 503")))
    assert (held.action, held.status.finished) == (Action.NONE, False)


@pytest.mark.parametrize(
    ("limits", "totals", "wanted"),
    [
        pytest.param(["20 USD"], [[], ["20 USD"]], [], id="as much as is allowed"),
        pytest.param(
            ["20 USD"], [[], ["20.01 USD"], ["40 USD"]],
            [Notice("CostAboveMaximum", "the job was billed 20.01 USD, and spec.maxCost allows 20 USD", warning=True)],
            id="more, once, although another attempt follows",
        ),
        pytest.param(
            ["20 USD", "7 hqc"], [["15 USD"], ["15 USD", "7.5 hqc"]],
            [Notice("CostAboveMaximum", "the job was billed 7.5 hqc, and spec.maxCost allows 7 hqc", warning=True)],
            id="in one of two units",
        ),
        pytest.param(
            ["20 USD"], [[], ["5 EUR", "9 gs1q"], ["6 EUR"]],
            [Notice(
                "CostNotComparable",
                "the job was billed 5 EUR, and spec.maxCost limits USD; nothing is converted", warning=True,
            )],
            id="another currency, once",
        ),
        pytest.param(["20 USD"], [[], ["0 EUR"]], [], id="nothing of another currency"),
        pytest.param(["7 hqc"], [[], ["5 EUR", "1 hqc"]], [], id="a limit that is none in money"),
        pytest.param([], [[], ["5 EUR"]], [], id="no limit"),
    ],
)  # fmt: skip
def test_bills_above_the_limit_are_told_once(limits: list[str], totals: list[list[str]], wanted: list[Notice]) -> None:
    """With both numbers; what follows in status repeats nothing."""

    def amounts(texts: list[str]) -> tuple[Amount, ...]:
        return tuple(Amount(unit, amount) for amount, unit in map(str.split, texts))

    shown = [JobStatus(total_cost=amounts(one)) for one in totals]
    steps = pairwise(shown)
    told = [notice for old, new in steps for notice in cost_notices(amounts(limits), old, new)]
    assert told == wanted
    assert list(cost_notices(amounts(limits), shown[-1], shown[-1])) == []
