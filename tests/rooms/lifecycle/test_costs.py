"""What attempts cost: each with its units, and the sum over all of them."""

from sys import getsizeof

import pytest

from quantumjob_operator.lifecycle.attempts import set_aside, with_attempt
from quantumjob_operator.lifecycle.costs import cost_of, total_with
from quantumjob_operator.lifecycle.status_mapping import mirror
from quantumjob_operator.model.jobstatus import CostEventShown, CostShown, JobStatus, State
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.remotejob import Cost, CostEvent
from rooms.lifecycle.observations import accepted, remote, seen

BILLED = Cost("0", "USD", (CostEvent("ehqc", "hqc", "11.1", "11.1", "0"),))
SHOWN = CostShown("0", "USD", (CostEventShown("ehqc", "hqc", "11.1", "11.1", "0"),))


@pytest.mark.parametrize(
    ("told", "usage", "shown"),
    [
        pytest.param(None, {}, None, id="nothing said"),
        pytest.param(Cost(), {}, None, id="a cost with nothing in it"),
        pytest.param(Cost(None, "USD"), {}, None, id="a currency alone is no cost"),
        pytest.param(Cost("0", "USD"), {}, CostShown("0", "USD"), id="0 is a cost"),
        pytest.param(Cost("12.4166002", "USD"), {}, CostShown("12.416601", "USD"), id="a float's noise, rounded up"),
        pytest.param(
            Cost("0", "USD", (CostEvent("gs1q", "", None, "1.0000001", "0.0001645"),)),
            {},
            CostShown("0", "USD", (CostEventShown("gs1q", None, None, "1.0000001", "0.0001645"),)),
            id="the lines of a bill as they came",
        ),
        pytest.param(Cost("9" * 64, "USD"), {}, CostShown("9" * 64, "USD"), id="more digits than any money has"),
        pytest.param(BILLED, {}, SHOWN, id="units beside the money"),
        pytest.param(None, {"standardMinutes": "7"}, CostShown(usage={"standardMinutes": "7"}), id="usage alone"),
    ],
)
def test_the_cost_that_is_shown(told: Cost | None, usage: dict[str, str], shown: CostShown | None) -> None:
    """What the service does not say stays absent."""
    assert cost_of(remote("Succeeded", cost=told, usage=usage)) == shown
    assert mirror(seen(accepted()), remote("Succeeded", cost=told, usage=usage)).cost == shown


def test_a_bill_of_any_length_takes_little_memory() -> None:
    """As many lines as are read, with names as long as are read, of characters that take four bytes each."""
    events = tuple(CostEvent(f"{number:02}" + "😀" * 126, "😀" * 128, "1", "1", "1") for number in range(32))
    usage = {f"{number:02}" + "😀" * 126: "1" for number in range(32)}
    shown = cost_of(remote("Succeeded", cost=Cost("1", "😀" * 128, events), usage=usage))
    assert shown
    assert (len(shown.events or ()), len(shown.usage or {})) == (32, 32)
    names = [*(shown.usage or {}), *(text for one in shown.events or () for text in (one.dimension, one.unit or ""))]
    assert sum(map(getsizeof, [shown.currency_code, *names])) < 20_000


@pytest.mark.parametrize(
    ("attempts", "sums"),
    [
        pytest.param([None], {}, id="nothing said"),
        pytest.param([CostShown("0", "USD")], {"USD": "0"}, id="nothing to pay"),
        pytest.param(
            [SHOWN, SHOWN], {"USD": "0", "ehqc": "22.2"}, id="credits: the units tell what the money does not"
        ),
        pytest.param([CostShown("0.1", "USD"), CostShown("0.2", "USD")], {"USD": "0.3"}, id="without a float's noise"),
        pytest.param(
            [CostShown("1", "USD"), None, CostShown("2", "EUR")], {"EUR": "2", "USD": "1"}, id="currencies apart"
        ),
        pytest.param(
            [CostShown("12.4166002", "USD", (CostEventShown("hqc", billed="0.0000001"),))] * 2,
            {"USD": "24.833202", "hqc": "0.000002"},
            id="a float's noise, rounded up in each of them",
        ),
        pytest.param([CostShown("1")], {}, id="an amount of nothing"),
        pytest.param([CostShown("much", "USD")], {}, id="a status written by an older version"),
        pytest.param([CostShown("1", "USD")] * 12, {"USD": "12"}, id="also of attempts that are shown no longer"),
    ],
)
def test_the_sum_over_all_attempts(attempts: list[CostShown | None], sums: dict[str, str]) -> None:
    """By currency, and by dimension what was billed of it; an end that is written twice counts once."""
    status = JobStatus()
    for number, cost in enumerate(attempts, start=1):
        ended = JobStatus(attempt=number, attempts=status.attempts, total_cost=status.total_cost, cost=cost)
        status = with_attempt(with_attempt(ended, State.FAILED, "JobFailed"), State.FAILED, "JobFailed")
    assert {one.unit: one.amount for one in status.total_cost} == sums


def test_a_cost_that_is_told_later_replaces_the_one_before() -> None:
    """The attempt counts once, with its newest cost."""
    before = (Amount("USD", "5"),)
    assert total_with(before, CostShown("2", "USD"), CostShown("3", "USD")) == (Amount("USD", "6"),)


def test_the_next_attempt_does_not_begin_with_the_cost_of_the_last() -> None:
    """Else it would count twice when the service says nothing of the next one."""
    known = seen(accepted(cost=SHOWN))
    aside = set_aside(known, known.job.status, State.FAILED, "Retrying", "again").status
    assert (aside.cost, aside.attempts[-1].cost) == (None, SHOWN)
