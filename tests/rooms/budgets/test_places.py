"""A ledger has room for so many reservations, and each namespace its share of it."""

import json
from dataclasses import replace

import pytest

from quantumjob_operator.budgets.fit import Ahead
from quantumjob_operator.budgets.ledger import Ledger, ledger_of
from quantumjob_operator.budgets.needs import Needs
from quantumjob_operator.budgets.refusals import Refusal
from quantumjob_operator.budgets.requests import Granted, ask
from quantumjob_operator.budgets.room import MAX_OPEN, Room
from quantumjob_operator.budgets.simulated import Simulated
from quantumjob_operator.model.budget_patch import budget_status_patch
from quantumjob_operator.model.budgetstatus import BudgetStatus
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.reservation import Reservation
from rooms.budgets.asking import told
from rooms.budgets.values import NOW, budget, request, usd, written

MANY_UNITS = Needs(tuple(Amount(unit, "1") for unit in ("USD", "EUR", "GBP", "CHF", "JPY", "CAD")), "MaxCost", "")


def crowded(one: QuantumBudget, **under_way: int) -> Ledger:
    """A ledger with so many jobs of each namespace, none of which needs anything of what is limited."""
    ledger, nothing = ledger_of(one, NOW), Needs((Amount("USD", "0"),), "Unknown", "one run")
    _, granted = ask(one, ledger, request(0, nothing), NOW)
    entry = ask(one, ledger, request(0, nothing), NOW)[0].open["job-0"]
    assert isinstance(granted, Granted)
    entries = [one for name, many in under_way.items() for one in [replace(entry, namespace=name)] * many]
    return replace(ledger, open={f"{number}": one for number, one in enumerate(entries)})


@pytest.mark.parametrize(
    ("under_way", "namespace", "says"),
    [
        pytest.param({"vqe": 1999}, "vqe", "", id="four fifths for one that is alone"),
        pytest.param(
            {"vqe": 2000},
            "vqe",
            "QuantumBudget quantum-platform/research keeps account of at most 2,500 jobs under way; it has 2,000, "
            "2,000 of them of namespace vqe, and what is left is for other namespaces. This job starts when some of "
            "these end",
            id="and no more",
        ),
        pytest.param({"vqe": 2000}, "other", "", id="another one begins, whatever the first one has"),
        pytest.param({"vqe": 2000, "other": 399}, "other", "", id="and gets as many as leaves some for a third"),
        pytest.param({"vqe": 2000, "other": 400}, "other", "it has 2,400, 400 of them of", id="and no more, either"),
        pytest.param({"vqe": 2000, "other": 400}, "third", "", id="which finds them"),
        pytest.param({"vqe": 1111, "other": 1110}, "other", "", id="two have as many as each other"),
        pytest.param({"vqe": 1111, "other": 1112}, "other", "1,112 of them of namespace other, and", id="in the end"),
        pytest.param(
            {"vqe": MAX_OPEN},
            "other",
            "it has 2,500, 0 of them of namespace other. This job starts when some of these end",
            id="an object that etcd does not take would stop everything",
        ),
    ],
)
def test_a_ledger_has_an_end_and_each_namespace_its_share(under_way: dict[str, int], namespace: str, says: str) -> None:
    """What reserves no amount takes a place, too: so it must not take all of them."""
    one = budget()
    ledger = crowded(one, **under_way)
    _, answer = ask(one, ledger, request(9, usd("1"), namespace=namespace), NOW)
    assert isinstance(answer, Refusal) == bool(says)
    assert Simulated(one, ledger).takes(Ahead(namespace, (Amount("USD", "1"),))) != bool(says)
    assert Simulated(one, ledger).could_fit(Ahead(namespace, (Amount("USD", "1"),))) != bool(says)
    assert Simulated(one, ledger).takes(Ahead("vqe", (Amount("USD", "1"),), "0")), "who has a place needs no other one"
    if isinstance(answer, Refusal):
        assert (answer.reason, answer.waits) == ("BudgetBusy", True)
        assert says in answer.message


def test_long_names_fill_no_ledger_with_fewer_jobs() -> None:
    """As many as fit are fewer, and stay below what etcd takes."""
    one, long = budget(), "n" * 253
    ledger = crowded(one, **{"v" * 63: 2000})
    entry = replace(ledger.open["0"], name=long, workspace=long, asked_by=("u" * 36,) * 8, ended_at=stamp(NOW))
    many = next(number for number in range(2000) if not Room([entry] * number).has_place(entry.namespace))
    assert 500 < many < 1000
    ledger = replace(ledger, open={f"{number:036}": entry for number in range(many)})
    assert told(one, ledger, usd("1"), namespace=entry.namespace).reason == "BudgetBusy"
    assert len(json.dumps(budget_status_patch(BudgetStatus(), written(one, ledger).status))) < 1_000_000


def test_long_units_fill_no_ledger_with_fewer_jobs() -> None:
    """A budget may have sixteen, each of 63 letters, and each of its reservations has all of them."""
    one = budget()
    amounts = tuple(Amount(f"{number:02}{'u' * 61}", "123456789.123") for number in range(16))
    entry = replace(crowded(one, vqe=1).open["0"], amounts=amounts, renewed_at=stamp(NOW), ended_at=stamp(NOW))
    taken: list[Reservation] = []
    for number in range(2500):
        each = replace(entry, namespace=f"team-{number % 12}")
        if Room(taken).has_place(each.namespace):
            taken.append(each)
    assert 200 < len(taken) < 800
    ledger = replace(crowded(one), open={f"{number:036}": each for number, each in enumerate(taken)})
    assert len(json.dumps(budget_status_patch(BudgetStatus(), written(one, ledger).status))) < 1_500_000


def test_keyed_reservations_fill_no_ledger_by_being_asked_for_again() -> None:
    """Each further object with the key is told of beside the first one, and asks for no place."""
    one = budget()
    taken: list[Reservation] = []
    entry = replace(crowded(one, vqe=1).open["0"], name="n" * 31, asked_by=("u" * 36,))
    for number in range(2500):
        each = replace(entry, namespace=f"team-{number % 12}")
        if Room(taken).has_place(each.namespace):
            taken.append(each)
    grown = (replace(each, asked_by=("u" * 36,) * 8, renewed_at=stamp(NOW), ended_at=stamp(NOW)) for each in taken)
    ledger = replace(crowded(one), open={f"{number:036}": each for number, each in enumerate(grown)})
    assert len(json.dumps(budget_status_patch(BudgetStatus(), written(one, ledger).status))) < 1_500_000


def test_what_stands_is_raised_though_its_namespace_has_all_its_places() -> None:
    """It takes no further one."""
    one = budget()
    ledger = crowded(one, vqe=MAX_OPEN)
    after, answer = ask(one, ledger, request(0, usd("5"), job_id="7"), NOW)
    assert isinstance(answer, Granted)
    assert len(after.open) == MAX_OPEN


@pytest.mark.parametrize("needs", [usd("1"), MANY_UNITS], ids=["by its names", "by its names and its amounts"])
@pytest.mark.parametrize(("under_way", "grows"), [(1000, True), (MAX_OPEN - 1, False)])
def test_what_stands_grows_only_into_a_place(needs: Needs, under_way: int, *, grows: bool) -> None:
    """An object with its key has a longer name, and may need more units: many of them would fill the object."""
    one = budget(limits=[{"unit": amount.unit, "amount": "10"} for amount in MANY_UNITS.amounts])
    ledger, _ = ask(one, ledger_of(one, NOW), request(0, usd("1"), keyed=True), NOW)
    ledger = replace(ledger, open={**crowded(one, vqe=under_way).open, "job-0": ledger.open["job-0"]})
    after, answer = ask(
        one, ledger, request(0, needs, uid="uid-1", name="n" * 253, workspace="w" * 63, keyed=True), NOW
    )
    assert isinstance(answer, Granted) == grows
    assert (after != ledger) == grows
    assert Simulated(one, ledger).takes(Ahead("vqe", (Amount("USD", "1"),), "0")), "who has a place needs no other one"
    if isinstance(answer, Refusal):
        assert (answer.reason, answer.waits) == ("BudgetBusy", True)


def test_who_is_woken_finds_a_place() -> None:
    """Of two that wait and one place, one."""
    waiting = Simulated(budget(), crowded(budget(), vqe=1999))
    assert [waiting.takes(Ahead("vqe", (Amount("USD", "1"),))) for _ in range(2)] == [True, False]
