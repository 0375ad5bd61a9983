"""What a budget lets through, and what it says to the others."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from quantumjob_operator.budgets.fit import Ahead
from quantumjob_operator.budgets.ledger import Key, Ledger, ledger_of
from quantumjob_operator.budgets.needs import CostUnknown, Needs
from quantumjob_operator.budgets.refusals import Refusal
from quantumjob_operator.budgets.requests import Granted, ask, give_back
from quantumjob_operator.budgets.room import MAX_OPEN, Room
from quantumjob_operator.budgets.simulated import Simulated
from quantumjob_operator.model.budget_patch import budget_status_patch
from quantumjob_operator.model.budgetstatus import BudgetStatus
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.money import Amount, ByShots
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.reservation import Reservation
from rooms.budgets.values import NOW, budget, request, usd, written

SPENT = {
    "period": {"start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"},
    "totals": [{"namespace": "vqe", "unit": "USD", "spent": "1640.5", "reserved": "0"}],
}

MANY_UNITS = Needs(tuple(Amount(unit, "1") for unit in ("USD", "EUR", "GBP", "CHF", "JPY", "CAD")), "MaxCost", "")


def told(one: QuantumBudget, ledger: Ledger, needs: Needs | CostUnknown, **fields: Any) -> Refusal:
    """The refusal of a further job."""
    after, answer = ask(one, ledger, request(99, needs, **fields), NOW)
    assert isinstance(answer, Refusal)
    assert after == ledger
    return answer


def filled(one: QuantumBudget, *amounts: str) -> Ledger:
    """The budget's ledger with a job under way for each amount."""
    ledger = ledger_of(one, NOW)
    for number, amount in enumerate(amounts):
        ledger, answer = ask(one, ledger, request(number, usd(amount)), NOW)
        assert isinstance(answer, Granted)
    return ledger


def counted(**spec: Any) -> QuantumBudget:
    """The budget of the usual message: 1,640.50 USD are spent by the namespace vqe."""
    one = budget(SPENT, each="Namespace", **spec)
    return written(one, ledger_of(one, NOW))


def test_exactly_as_many_as_fit() -> None:
    """Twenty jobs of 97.50 USD, of a budget of 2,000."""
    one = budget()
    ledger, answers = ledger_of(one, NOW), []
    for number in range(60):
        ledger, answer = ask(one, ledger, request(number, usd("97.5")), NOW)
        answers.append(isinstance(answer, Granted))
    assert answers == [True] * 20 + [False] * 40


def test_nothing_left() -> None:
    """With what is used, the limit, what is needed, when it ends and who can change it."""
    one = counted()
    found = told(one, filled(one, "80", "80", "80"), usd("217"))
    assert found.reason == "BudgetExceeded"
    assert found.message == (
        "QuantumBudget quantum-platform/research has 119.50 USD left for namespace vqe of 2,000.00 in November "
        "(1,640.50 spent, 240.00 reserved by 3 jobs); this job needs 217.00 USD: 1,000 shots on ionq.qpu.aria-1 at the "
        "prices of 2025-09-17. It starts when enough is released, on 2026-12-01, or when the limit is raised by the "
        "owner of quantum-platform/research"
    )
    assert not found.final


def test_more_than_the_limit_never_starts_by_itself() -> None:
    """Neither a release nor the next month would help."""
    one = budget()
    assert "It starts when the limit is raised by" in told(one, ledger_of(one, NOW), usd("2000.01")).message


def test_other_namespaces_have_their_own() -> None:
    """If the budget is for each."""
    one = counted()
    _, answer = ask(one, filled(one, "300"), request(9, usd("1900"), namespace="other"), NOW)
    assert isinstance(answer, Granted)


@pytest.mark.parametrize(
    ("spec", "needs", "reason", "says"),
    [
        pytest.param(
            {"perJob": [{"unit": "USD", "amount": "250"}]},
            usd("260.4"),
            "AboveJobLimit",
            "allows 250.00 USD a job, and this one needs 260.40 USD: 1,000 shots on ionq.qpu.aria-1 at the prices of "
            "2025-09-17. Use fewer shots in a new job, or ask the owner of quantum-platform/research to "
            "raise spec.perJob",
            id="one job is too large",
        ),
        pytest.param(
            {"perJob": [{"unit": "USD", "amount": "250"}]},
            replace(usd("260.4"), by_shots=(ByShots("USD", Decimal(0), Decimal("0.00217"), Decimal("97.5")),)),
            "AboveJobLimit",
            "Use fewer shots (at most 115,207) in a new job, or ask",
            id="and fewer shots would do",
        ),
        pytest.param(
            {"perJob": [{"unit": "USD", "amount": "90"}]},
            replace(usd("97.5"), by_shots=(ByShots("USD", Decimal(0), Decimal("0.00217"), Decimal("97.5")),)),
            "AboveJobLimit",
            "Use another target, as one shot costs more, in a new job, or ask",
            id="and the least is too much",
        ),
        pytest.param(
            {"perJob": [{"unit": "USD", "amount": "5"}]},
            replace(usd("6"), basis="MaxCost"),
            "AboveJobLimit",
            "Set a lower spec.maxCost in a new job, or ask",
            id="by the user's own word",
        ),
        pytest.param(
            {},
            CostUnknown("USD", "the cost of rigetti.qpu.cepheus depends on its execution time"),
            "CostUnknown",
            'execution time; set spec.maxCost in a new job, for example [{unit: USD, amount: "5"}]',
            id="nothing is known",
        ),
        pytest.param(
            {"unknownCost": "Hold"}, CostUnknown("USD", "no"), "CostUnknown", "holds such jobs", id="and is held"
        ),
        pytest.param({"suspend": True}, usd("1"), "BudgetSuspended", "sets spec.suspend to false", id="suspended"),
        pytest.param(
            {"limits": [{"unit": "USD", "amount": "0"}]}, usd("0.01"), "BudgetExceeded", "0.00 USD left", id="frozen"
        ),
    ],
)
def test_kept_back(spec: dict[str, Any], needs: Needs | CostUnknown, reason: str, says: str) -> None:
    """Each with its remedy."""
    one = budget(**spec)
    found = told(one, ledger_of(one, NOW), needs)
    assert found.reason == reason
    assert says in found.message


def test_what_is_free_passes_whatever_holds() -> None:
    """Even a suspended budget, or one that is not counted."""
    for one in (budget(suspend=True), budget({}), replace(budget(), deletion_requested=True)):
        ledger = ledger_of(one, NOW)
        assert ask(one, ledger, request(1, Needs((), "Free", "")), NOW) == (ledger, Granted((), None))


def test_while_a_budget_is_about_to_go_only_what_it_waits_for_passes() -> None:
    """It is kept until nothing is reserved in it: a job that waited for it in turn would wait for ever."""
    ledger, _ = ask(budget(), ledger_of(budget(), NOW), request(1, usd("5")), NOW)
    going = replace(written(budget(), ledger), deletion_requested=True)
    for needs in (usd("5"), usd("7"), usd("9999"), CostUnknown("PriceUnknown", "no list")):
        answer = ask(going, ledger, request(1, needs), NOW)[1]
        assert isinstance(answer, Granted)
        assert answer.amounts == usd("5").amounts
    assert told(going, ledger, usd("5")).reason == "BudgetSuspended"
    another = request(1, usd("9999"), uid="another object with its key")
    assert isinstance(ask(going, ledger, another, NOW)[1], Refusal)


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param({}, id="wiped"),
        pytest.param({"counted": {"time": "2026-11-01T00:00:00Z", "uid": "another", "scope": "x"}}, id="copied"),
    ],
)
def test_nothing_passes_before_the_ledger_is_counted(spoilt: dict[str, Any]) -> None:
    """A ledger that is not this budget's says nothing."""
    one = budget(spoilt)
    assert told(one, ledger_of(one, NOW), usd("1")).reason == "BudgetCounting"


def test_a_wider_budget_is_counted_anew() -> None:
    """And so is one whose owner asks for it; a limit that is raised needs no count."""
    one = budget()
    spec = one.spec
    assert not replace(one, spec=replace(spec, each="Namespace")).is_counted
    assert not replace(one, spec=replace(spec, period="Year")).is_counted
    assert not replace(one, recount="2026-11-22").is_counted
    assert replace(one, spec=replace(spec, limits=(Amount("USD", "5000"),))).is_counted


def test_the_same_job_is_reserved_once() -> None:
    """Whoever asks again, however often: confirmed once, so that nobody gives it back, it is not written again."""
    one, soon = budget(), NOW + timedelta(seconds=30)
    confirmed, _ = ask(one, filled(one, "97.5"), request(0, usd("97.5")), NOW)
    again, answer = ask(one, confirmed, request(0, usd("97.5")), soon)
    assert (again, answer) == (confirmed, Granted((Amount("USD", "97.5"),), NOW))


@pytest.mark.parametrize(
    ("limit", "spent", "later", "passes"),
    [
        pytest.param("2000", "100", 0, True, id="it fits"),
        pytest.param("0", "0", 0, False, id="the limit is 0"),
        pytest.param("150", "100", 0, False, id="it would go beyond what the limit is now"),
        pytest.param("197.5", "100", 0, True, id="it just fits"),
        pytest.param("150", "100", 30, True, id="it belongs to a former period, of which nobody asks that"),
        pytest.param("0", "100", 30, False, id="but nothing passes a limit of 0"),
    ],
)
def test_what_stands_reserved_does_not_begin_once_its_limit_was_lowered(
    limit: str, spent: str, later: int, *, passes: bool
) -> None:
    """It waited for a fence, for its turn, or for an operator; it begins when the limit is raised."""
    one, now = budget(), NOW + timedelta(days=later)
    ledger = replace(filled(one, "97.5"), spent={Key("", "USD"): Decimal(spent)})
    lowered = budget(limits=[{"unit": "USD", "amount": limit}])
    if later:
        ledger = ledger_of(written(one, ledger), now)
        ledger = replace(ledger, spent={Key("", "USD"): Decimal(spent)})
    after, answer = ask(lowered, ledger, request(0, usd("97.5")), now)
    assert isinstance(answer, Granted) is passes
    assert passes or (after == ledger and answer.reason == "BudgetExceeded")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("after", "fields", "left"),
    [
        pytest.param(None, {}, 0, id="nobody else was granted it: it goes"),
        pytest.param(usd("97.5"), {}, 1, id="another process asked for the same job in the same second"),
        pytest.param(usd("97.5"), {"uid": "follower"}, 1, id="an object with the same key took it over"),
        pytest.param(usd("120"), {}, 1, id="another process raised it"),
    ],
)
def test_what_another_asker_was_granted_is_not_given_back(
    after: Needs | None, fields: dict[str, Any], left: int
) -> None:
    """It may have sent the job under it already."""
    one, mine = budget(), request(0, usd("97.5"))
    ledger, granted = ask(one, ledger_of(one, NOW), mine, NOW)
    assert isinstance(granted, Granted)
    if after:
        ledger, _ = ask(one, ledger, request(0, after, **fields), NOW)
    assert len(give_back(ledger, mine, granted).open) == left


def test_what_stood_before_is_not_given_back() -> None:
    """Nor what was made anew after it was gone."""
    one, mine = budget(), request(0, usd("97.5"))
    first, granted = ask(one, ledger_of(one, NOW), mine, NOW)
    again, stood = ask(one, first, mine, NOW)
    anew, _ = ask(one, ledger_of(one, NOW), mine, NOW + timedelta(seconds=5))
    assert isinstance(granted, Granted)
    assert isinstance(stood, Granted)
    assert [give_back(again, mine, stood), give_back(anew, mine, granted)] == [again, anew]
    assert give_back(ledger_of(one, NOW), mine, granted) == ledger_of(one, NOW)


def test_it_is_confirmed_when_it_is_old() -> None:
    """So that nobody takes it away for having been forgotten; its period stays."""
    one = budget()
    later = NOW + timedelta(hours=1)
    ledger, answer = ask(one, filled(one, "97.5"), request(0, usd("97.5")), later)
    entry = ledger.open["job-0"]
    assert isinstance(answer, Granted)
    assert (entry.reserved_at, entry.renewed_at) == ("2026-11-22T13:00:00Z", "2026-11-22T14:00:00Z")
    assert answer.since == later


def test_another_object_takes_it_over() -> None:
    """One with the same idempotency key: no second reservation."""
    one = budget()
    ledger, _ = ask(one, filled(one, "97.5"), request(0, usd("120"), uid="new"), NOW)
    (entry,) = ledger.open.values()
    assert (entry.uid, entry.amounts) == ("new", (Amount("USD", "120"),))


def test_small_ones_do_not_starve_a_large_one() -> None:
    """What the one that waited longer needs is kept for it, unless it could not fit in any case."""
    one = budget()
    ledger = filled(one, "1000")
    assert told(one, ledger, usd("10"), ahead=(Ahead("chem", (Amount("USD", "1500"),)),)).reason == "BudgetExceeded"
    _, answer = ask(one, ledger, request(9, usd("10"), ahead=(Ahead("chem", (Amount("USD", "2001"),)),)), NOW)
    assert isinstance(answer, Granted)
    _, answer = ask(one, ledger, request(9, usd("10"), ahead=(Ahead("chem", (Amount("USD", "990"),)),)), NOW)
    assert isinstance(answer, Granted)


def test_what_is_said_follows_from_the_ledger_alone() -> None:
    """Each process has a line of its own, and two of them would contradict each other in status without end."""
    one = budget(limits=[{"unit": "hqc", "amount": "50"}, {"unit": "USD", "amount": "2000"}])
    ledger = filled(one, "1000")
    needs = Needs((Amount("hqc", "10"), Amount("USD", "1001")), "Estimate", "one run")
    plain = told(one, ledger, needs).message
    for ahead in ("45", "10"):
        kept = (Ahead("chem", (Amount("hqc", ahead), Amount("USD", ahead))),)
        assert told(one, ledger, needs, ahead=kept).message == plain
    needs = replace(needs, amounts=(Amount("hqc", "10"), Amount("USD", "1")))
    said = {told(one, ledger, needs, ahead=(Ahead("chem", (Amount("hqc", ahead),)),)).message for ahead in ("45", "50")}
    assert len(said) == 1
    assert "what is left is kept for jobs that have waited longer" in said.pop()


@pytest.mark.parametrize(
    ("needed", "ends"),
    [
        pytest.param("10", False, id="there is room, and it is kept"),
        pytest.param("1000.01", True, id="there would be none without the others, either"),
    ],
)
def test_what_is_kept_for_others_ends_no_job(needed: str, *, ends: bool) -> None:
    """Those for whom it is kept may be refused themselves, for good; who ends stands in nobody's way."""
    one = budget(onExceeded="Reject")
    found = told(one, filled(one, "1000"), usd(needed), ahead=(Ahead("chem", (Amount("USD", "1000"),)),))
    assert (found.final, found.waits) == (ends, not ends)
    assert ("Such jobs end here" in found.message) is ends


@pytest.mark.parametrize(
    ("each", "holder", "asker", "waits"),
    [
        pytest.param("All", "vqe", "chem", True, id="it waits for a job of others, and others wait for it"),
        pytest.param("All", "chem", "chem", True, id="also those of whom it waits for a job"),
        pytest.param(
            "All", "big", "chem", False, id="it waits for a job of its own namespace, and nobody waits for it"
        ),
        pytest.param(
            "Namespace", "big", "big", True, id="but its own namespace, which shares its limits with no other"
        ),
    ],
)
def test_nobody_waits_for_a_job_that_waits_for_its_own_namespace(
    each: str, holder: str, asker: str, *, waits: bool
) -> None:
    """Else a cent that is reserved as long as its owner likes holds up all others, and costs nothing."""
    one, all_of_it = budget(each=each), (Amount("USD", "2000"),)
    ledger, _ = ask(one, ledger_of(one, NOW), request(0, usd("0.01"), namespace=holder), NOW)
    _, answer = ask(one, ledger, request(9, usd("5"), namespace=asker, ahead=(Ahead("big", all_of_it),)), NOW)
    assert isinstance(answer, Refusal) is waits
    assert Simulated(one, ledger).could_fit(Ahead("big", all_of_it)) is waits


def test_what_goes_before_it_in_the_same_moment_is_its_own_too() -> None:
    """Those who are woken together are reserved one after another."""
    simulated = Simulated(budget(), ledger_of(budget(), NOW))
    assert simulated.could_fit(Ahead("big", (Amount("USD", "2000"),)))
    assert simulated.takes(Ahead("big", (Amount("USD", "1"),)))
    assert not simulated.could_fit(Ahead("big", (Amount("USD", "2000"),)))
    assert simulated.could_fit(Ahead("chem", (Amount("USD", "2000"),)))


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


def test_a_lowered_limit_stops_only_what_costs() -> None:
    """Nothing is cancelled, and nothing that costs begins."""
    one = budget()
    ledger = filled(one, "1500")
    lowered = replace(one, spec=replace(one.spec, limits=(Amount("USD", "100"),)))
    lowered = written(lowered, ledger)
    assert "-1,400.00 USD left" in told(lowered, ledger, usd("1")).message
    assert [row.left for row in lowered.status.totals] == ["-1400"]


def test_a_doubted_ledger_lets_through_what_is_free_only() -> None:
    """Until it was compared with the service's list."""
    one = replace(budget(), doubted=True)
    assert told(one, ledger_of(one, NOW), usd("1")).reason == "BudgetCounting"
    free = Needs((), "Free", "")
    assert isinstance(ask(one, ledger_of(one, NOW), request(1, free), NOW)[1], Granted)


@pytest.mark.parametrize(
    ("now_needed", "stands"),
    [
        pytest.param(usd("1"), "97.5", id="by another object with its key, which asks for less"),
        pytest.param(Needs((), "Unknown", "one run"), "97.5", id="by one of which nothing is known"),
        pytest.param(usd("97.5"), "97.5", id="by one that needs as much"),
        pytest.param(usd("120"), "120", id="but raised, where there is room"),
        pytest.param(usd("5000"), "97.5", id="nor touched by what does not fit"),
    ],
)
def test_what_stands_is_never_lowered(now_needed: Needs, stands: str) -> None:
    """The job may run by now, and whoever asks may not be who has it."""
    one = budget()
    before = ask(one, ledger_of(one, NOW), request(0, usd("97.5")), NOW)[0]
    after, answer = ask(one, before, request(0, now_needed, uid="another"), NOW + timedelta(hours=1))
    assert [each.amount for each in after.open["job-0"].amounts] == [stands]
    assert isinstance(answer, Refusal) == (now_needed == usd("5000"))
    if isinstance(answer, Granted):
        assert (answer.new, after.open["job-0"].reserved_at) == (False, before.open["job-0"].reserved_at)
