"""What budgets tell, word for word as kubectl shows it: why a job waits, what was counted, and what is wrong."""

import json
from datetime import UTC, datetime
from typing import Any, Final

import pytest
import yaml

from cluster import jobs
from cluster.jobnamespace import FOR_EVER, JobNamespace, condition_of, eventually
from cluster.test_budgets import budget, ledger
from cluster.test_max_cost import PRICES
from localstack.emulated import Emulator
from localstack.manifests import Manifest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

IN_EUROS: Final = yaml.safe_dump(
    {
        "asOf": "2025-09-17",
        "targets": [
            {"target": "ionq.qpu.aria-1", "model": "GateShots", "currency": "EUR", "oneQubit": 1, "twoQubit": 0.5}
            | {"minimum": 1, "minimumWithoutMitigation": 1}
        ],
    }
)
DOLLARS: Final = [{"unit": "USD", "amount": "300"}]


def aria(name: str, shots: int) -> Manifest:
    """A Bell pair on IonQ's machine: 97.50 USD at least, and 119.50 for 100,000 shots."""
    made = jobs.ionq(name, parameters={"shots": shots})
    return {**made, "spec": {**made["spec"], "target": "ionq.qpu.aria-1"}}


def period() -> tuple[str, str]:
    """The current month, and when the next one begins."""
    now = datetime.now(UTC)
    year, month = divmod(now.month, 12)
    return f"{now:%B}", f"{now.year + year}-{month + 1:02}-01"


@pytest.fixture
def priced(place: JobNamespace) -> JobNamespace:
    """A namespace whose QuantumWorkspace names the published price list."""
    place.apply(jobs.config_map("prices", {"prices.yaml": PRICES}), place.workspace(pricesRef={"name": "prices"}))
    return place


def keep(place: JobNamespace, **spec: Any) -> None:
    """A budget of the namespace, once it is kept."""
    place.apply(budget(**spec))
    place.wait("research", "Ready", kind="quantumbudget")


def assert_told(place: JobNamespace, name: str, reason: str, message: str) -> None:
    """Condition and Event say this, and the job was not sent."""
    held = place.wait_reason(name, "Submitted", reason)
    assert held["message"] == message.format(ns=place.name)
    assert place.wait_event(name, reason).message == message.format(ns=place.name)
    assert place.runs(name) == []


def submitted(place: JobNamespace, name: str) -> str:
    """Why a job is not sent, now."""
    return str(condition_of(place.job(name), "Submitted")["message"])


def test_what_is_left_needed_and_when_it_ends(priced: JobNamespace, emulator: Emulator) -> None:
    """With the owner who can raise it; what does not fit ends instead if the owner wants that."""
    emulator.behave(waiting_seconds=FOR_EVER)
    keep(priced, limits=DOLLARS, each="Namespace", perJob=[{"unit": "USD", "amount": "250"}])
    priced.apply(aria("first", 100), aria("second", 100))
    for name in ("first", "second"):
        priced.wait_state(name, "Waiting")
    month, next_one = period()
    facts = (
        "QuantumBudget {ns}/research has 105.00 USD left for namespace {ns} of 300.00 in "
        + month
        + " (0.00 spent, 195.00 "
        "reserved by 2 jobs); this job needs 119.50 USD: 100,000 shots on ionq.qpu.aria-1 at the prices of 2025-09-17. "
    )
    ways = f"when enough is released, on {next_one}, or when the limit is raised by the owner of {{ns}}/research"
    priced.apply(aria("third", 100_000))
    assert_told(priced, "third", "BudgetExceeded", f"{facts}It starts {ways}")

    priced.apply(aria("large", 250_000))
    large = (
        "QuantumBudget {ns}/research allows 250.00 USD a job, and this one needs 298.75 USD: 250,000 shots on "
        "ionq.qpu.aria-1 at the prices of 2025-09-17. Use fewer shots (at most 209,205) in a new job, or ask the owner "
        "of {ns}/research to raise spec.perJob"
    )
    assert_told(priced, "large", "AboveJobLimit", large)

    priced.patch("quantumbudget", "research", {"spec": {"onExceeded": "Reject"}})
    priced.wait("third")
    failed = condition_of(priced.job("third"), "Failed")
    ends = f"{facts}Such jobs end here (spec.onExceeded); a new one can start {ways}"
    assert (failed["reason"], failed["message"]) == ("BudgetExceeded", ends.format(ns=priced.name))

    priced.wait("large")
    failed = condition_of(priced.job("large"), "Failed")
    assert (failed["reason"], failed["message"]) == ("AboveJobLimit", large.format(ns=priced.name))

    priced.kubectl("delete", "quantumbudget", "research", "--wait=false")
    priced.apply(aria("late", 100))
    going = (
        "QuantumBudget {ns}/research is being deleted, and nothing that costs is submitted until it is gone; it waits "
        "for 2 jobs under way"
    )
    assert_told(priced, "late", "BudgetSuspended", going)


def test_what_can_not_be_told_and_what_is_stopped(priced: JobNamespace) -> None:
    """Each with who can change it."""
    keep(priced, limits=DOLLARS)
    made = jobs.qir("by-time", jobs.qir_that_flips_the_first())
    made["spec"]["target"] = "rigetti.qpu.cepheus-1-108q"
    priced.apply(made)
    unknown = (
        "the cost in USD, which QuantumBudget {{ns}}/research limits, is not known: the cost of "
        "rigetti.qpu.cepheus-1-108q depends on its execution time; {}"
    )
    declare = (
        'set spec.maxCost in a new job, for example [{{unit: USD, amount: "5"}}], or ask the owner of {ns}/research '
    )
    assert_told(priced, "by-time", "CostUnknown", unknown.format(declare + "to let it pass (spec.unknownCost)"))
    priced.patch("quantumbudget", "research", {"spec": {"unknownCost": "Hold"}})
    hold = unknown.format("the owner of {ns}/research holds such jobs, and can let them pass (spec.unknownCost)")
    eventually(lambda: submitted(priced, "by-time") == hold.format(ns=priced.name))
    priced.patch("quantumbudget", "research", {"spec": {"suspend": True}})
    priced.apply(aria("stopped", 100))
    stopped = (
        "QuantumBudget {ns}/research is suspended, and nothing that costs is submitted; it goes on when the owner of "
        "{ns}/research sets spec.suspend to false"
    )
    assert_told(priced, "stopped", "BudgetSuspended", stopped)


def test_an_unknown_workspace_is_named_and_nothing_is_sent(priced: JobNamespace) -> None:
    """What was spent there can't be counted; it goes on when the workspace is there."""
    priced.apply(budget(workspaces=["default", "later"]), jobs.quantinuum("held"))
    counting = (
        "what was spent of QuantumBudget {ns}/research is being counted from the service's list; the job starts when "
        "that is done and enough is left. The budget's condition Ready says if anything is in the way, for the owner "
        "of {ns}/research to mend"
    )
    assert_told(priced, "held", "BudgetCounting", counting)
    ready = priced.wait_reason("research", "Ready", "BudgetCounting", kind="quantumbudget")
    assert ready["status"] == "False"
    assert "QuantumWorkspace later does not exist" in ready["message"]
    priced.apply(priced.workspace("later"))
    priced.wait("held")
    assert len(priced.runs("held")) == 1


def test_events_of_a_job_and_of_its_budget(priced: JobNamespace) -> None:
    """What is reserved and settled on the job; each step of the limit once on the budget, also after a restart."""
    keep(priced, limits=[{"unit": "ehqc", "amount": "7.5"}])
    priced.apply(jobs.quantinuum("ghz"))
    priced.wait("ghz")
    billed = next(one for one in priced.status("ghz")["totalCost"] if one["unit"] == "ehqc")["amount"]
    where = f"in QuantumBudget {priced.name}/research"
    assert priced.wait_event("ghz", "Reserved").message == f"Reserved 6.275 ehqc {where}"
    assert priced.wait_event("ghz", "Settled").message == f"Settled {billed} ehqc (estimate 6.275 ehqc) {where}"
    month, next_one = period()
    near = priced.wait_event("research", "LimitNear")
    assert near.type == "Warning"
    assert near.message == (
        f"83% of 7.5 ehqc in {month} is used: 0 spent, 6.275 reserved, 1.225 left; nothing that needs more than is "
        f"left is submitted until {next_one}, or until the limit is raised (spec.limits)"
    )
    priced.stack.operator.end()
    priced.stack.operator.start()
    priced.patch("quantumbudget", "research", {"spec": {"limits": [{"unit": "ehqc", "amount": "1"}]}})
    full = priced.wait_event("research", "LimitReached")
    left = ledger(priced)["totals"][0]["left"]
    assert full.message.startswith(
        f"all of 1 ehqc in {month} is used: {billed} spent, 0 reserved, {left} left; nothing"
    )
    steps = [one.reason for one in priced.events("research") if one.type == "Warning"]
    assert steps == ["LimitNear", "LimitReached"]


def test_a_limit_below_what_is_spent_cancels_nothing(priced: JobNamespace, emulator: Emulator) -> None:
    """Nothing new begins, what runs runs on, and the condition has the numbers."""
    emulator.behave(executing_seconds=FOR_EVER)
    keep(priced)
    priced.apply(jobs.quantinuum("runs"))
    priced.wait_state("runs", "Executing")
    priced.patch("quantumbudget", "research", {"spec": {"limits": [{"unit": "ehqc", "amount": "1"}]}})
    exceeded = priced.wait_reason("research", "Exceeded", "LimitReached", kind="quantumbudget")
    assert exceeded["message"] == (
        "nothing is left of 1 ehqc (0 spent, 6.275 reserved): nothing that costs it is submitted, and what runs is not "
        "cancelled"
    )
    priced.apply(jobs.quantinuum("next"))
    assert "-5.275 ehqc left of 1 " in priced.wait_reason("next", "Submitted", "BudgetExceeded")["message"]
    assert priced.status("runs")["state"] == "Executing"
    row = priced.kubectl("get", "quantumbudgets", "--no-headers").split()
    assert row[:10] == ["research", "Month", "1", "ehqc", "0", "ehqc", "6.275", "ehqc", "-5.275", "ehqc"]
    assert row[10] == "True"


def test_units_bills_and_other_budgets_are_remarked_on(place: JobNamespace) -> None:
    """A unit that nobody bills, a bill in another currency, a second budget: conditions, and nothing on a guess."""
    place.apply(jobs.config_map("prices", {"prices.yaml": IN_EUROS}), place.workspace(pricesRef={"name": "prices"}))
    place.apply(budget("sweep", limits=[{"unit": "dollars", "amount": "5"}], jobs={"matchLabels": {"sweep": "7"}}))
    keep(place, limits=[{"unit": "EUR", "amount": "1000"}])
    both = place.wait_reason("research", "Overlapping", "Overlapping", kind="quantumbudget")
    assert both["message"] == (
        "QuantumBudgets that may count the same jobs: sweep; each of them has to let a job pass, and each counts its "
        "bill"
    )
    unit = place.wait_reason("sweep", "UnitUnknown", "UnitUnknown", kind="quantumbudget")
    assert unit["message"].startswith("spec.limits: nobody is known to bill dollars, so that jobs are held")
    swept = aria("swept", 10)
    place.apply({**swept, "metadata": {"name": "swept", "labels": {"sweep": "7"}}}, aria("paid", 10))
    told = place.wait_reason("swept", "Submitted", "CostUnknown")["message"]
    assert "the price list tells the cost in EUR, which is not converted" in told
    place.wait("paid")
    bill = place.wait_reason("research", "OtherCurrency", "OtherCurrency", kind="quantumbudget")
    assert "USD, and spec.limits has EUR only: nothing is converted" in bill["message"]
    rows = eventually(lambda: {one["unit"]: one for one in ledger(place)["totals"]})
    assert (rows["EUR"]["spent"], "limit" in rows["USD"]) == ("15", False)


def test_one_namespace_with_very_many_jobs_keeps_out_nobody_else(priced: JobNamespace) -> None:
    """It waits for its own, and is told so."""
    keep(priced, limits=[{"unit": "jobs", "amount": "100000"}])
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    usual = {"workspace": "default", "reservedAt": now, "amounts": [{"unit": "jobs", "amount": "0"}]}
    found = priced.find("quantumbudget", "research")
    assert found is not None
    found["status"]["reservations"] = [
        json.dumps(
            usual
            | {"jobId": f"00000000-0000-4000-8000-{number:012}", "namespace": where, "name": "n", "uid": f"u-{number}"}
        )
        for number, where in enumerate([priced.name] * 2000 + ["other"] * 100)
    ]
    # Two thousand are more than a command line takes.
    priced.kubectl("replace", "--subresource=status", "-f", "-", stdin=json.dumps(found))
    priced.apply(jobs.quantinuum("one-more"))
    message = (
        "QuantumBudget {ns}/research keeps account of at most 2,500 jobs under way; it has 2,100, 2,000 of them of "
        "namespace {ns}, and what is left is for other namespaces. This job starts when some of these end"
    )
    assert_told(priced, "one-more", "BudgetBusy", message)
    found = priced.find("quantumbudget", "research")
    assert found is not None
    found["status"]["reservations"] = []
    priced.kubectl("replace", "--subresource=status", "-f", "-", stdin=json.dumps(found))
    priced.wait("one-more")
