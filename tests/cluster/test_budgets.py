"""Budgets on the real parts: what does not fit waits, and two operators can't spend the same money."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from cluster import jobs
from cluster.answers import assert_held
from cluster.conftest import OPERATOR_ARGS
from cluster.jobnamespace import JobNamespace, condition_of, eventually
from cluster.test_max_cost import PRICES
from localstack.manifests import SERVICE_ACCOUNT, SYSTEM_NAMESPACE, Manifest
from localstack.operated import Operator

pytestmark = pytest.mark.cluster

_RIVALS, _ROOM = 200, 50
_WIPED: Final = json.dumps(
    {"status": dict.fromkeys(("period", "counted", "totals", "reservations", "summary", "conditions"))}
)


def budget(name: str = "research", **spec: Any) -> Manifest:
    """A budget for the workspace `default`."""
    usual = {"workspaces": ["default"], "period": "Month", "limits": [{"unit": "ehqc", "amount": "10"}]}
    return {
        "apiVersion": "quantumjobs.dev/v1alpha1",
        "kind": "QuantumBudget",
        "metadata": {"name": name},
        "spec": usual | spec,
    }


def ledger(place: JobNamespace, name: str = "research") -> Manifest:
    """The budget's status."""
    found = place.find("quantumbudget", name)
    assert found is not None
    status: Manifest = found.get("status", {})
    return status


def reservations(place: JobNamespace) -> list[Manifest]:
    """What stands in its ledger, a line of JSON each."""
    return [json.loads(line) for line in ledger(place).get("reservations", [])]


@pytest.fixture
def priced(place: JobNamespace) -> JobNamespace:
    """A namespace whose QuantumWorkspace names the published price list."""
    place.apply(jobs.config_map("prices", {"prices.yaml": PRICES}), place.workspace(pricesRef={"name": "prices"}))
    return place


def test_reserved_settled_and_the_next_one_held_until_the_limit_is_raised(priced: JobNamespace) -> None:
    """The bill takes the place of the reservation; who waits is told why, and wakes when there is enough."""
    priced.apply(budget())
    priced.wait("research", "Ready", kind="quantumbudget")
    priced.apply(jobs.quantinuum("first"))
    priced.wait("first")
    (row,) = ledger(priced)["totals"][:1]
    billed = next(one for one in priced.status("first")["totalCost"] if one["unit"] == "ehqc")["amount"]
    assert (row["unit"], row["spent"], row["reserved"]) == ("ehqc", billed, "0")
    assert priced.status("first")["budgets"][0]["state"] == "Settled"

    priced.apply(jobs.quantinuum("second"))
    assert_held(priced, "second", "BudgetExceeded", f"{billed} spent", "of 10 in ", "needs 6.275 ehqc", "owner of")
    found = priced.find("quantumbudget", "research")
    assert found is not None
    assert condition_of(found, "Ready")["status"] == "True"
    table = priced.kubectl("get", "quantumbudget", "research")
    assert "10 ehqc" in table
    assert f"{billed} ehqc" in table

    priced.patch("quantumbudget", "research", {"spec": {"limits": [{"unit": "ehqc", "amount": "20"}]}})
    priced.wait("second")
    assert len(priced.runs("second")) == 1
    assert reservations(priced) == []


def test_a_wiped_ledger_is_counted_from_the_services_list(priced: JobNamespace) -> None:
    """Before anything more is submitted; a new budget counts what the month has cost so far, too."""
    priced.apply(jobs.quantinuum("before"))
    priced.wait("before")
    priced.apply(budget())
    priced.wait("research", "Ready", kind="quantumbudget")
    spent = ledger(priced)["totals"][0]["spent"]
    assert float(spent) > 0
    priced.kubectl("patch", "quantumbudget", "research", "--subresource=status", "--type=merge", "--patch", _WIPED)
    priced.apply(jobs.quantinuum("after"))
    assert_held(priced, "after", "BudgetExceeded", f"{spent} spent")
    assert ledger(priced)["totals"][0]["spent"] == spent


def test_what_is_free_writes_nothing(priced: JobNamespace) -> None:
    """Even under a budget that is suspended."""
    priced.apply(budget(suspend=True))
    priced.wait("research", "Ready", kind="quantumbudget")
    before = priced.find("quantumbudget", "research")
    priced.apply(jobs.ionq("free"), jobs.quantinuum("paid"))
    priced.wait("free")
    assert_held(priced, "paid", "BudgetSuspended", "sets spec.suspend to false")
    after = priced.find("quantumbudget", "research")
    assert before is not None
    assert after is not None
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


@pytest.mark.slow
def test_two_operators_race_for_one_budget(place: JobNamespace, tmp_path: Path) -> None:
    """Exactly as many jobs run as there is room for."""
    other = Operator(
        tmp_path,
        kubeconfig=place.stack.cluster.service_account_kubeconfig(SYSTEM_NAMESPACE, SERVICE_ACCOUNT),
        allowed_endpoints=[place.stack.endpoint, place.stack.emulator.storage_origin],
        arguments=OPERATOR_ARGS,
    )
    limits = [{"unit": "jobs", "amount": str(_ROOM)}]
    place.apply(budget(limits=limits, unknownCost="Allow"))
    place.wait("research", "Ready", kind="quantumbudget")
    names = [f"race-{number}" for number in range(_RIVALS)]
    try:
        other.start()
        place.apply(*(jobs.ionq(name) for name in names))
        told = eventually(lambda: _when_quiet(place, _RIVALS), within=300)
    finally:
        other.end()
    assert told == {"Finished": _ROOM, "BudgetExceeded": _RIVALS - _ROOM}
    assert sum(len(place.runs(name)) for name in names) == _ROOM
    assert ledger(place)["totals"][0]["spent"] == str(_ROOM)


def _when_quiet(place: JobNamespace, made: int) -> Counter[str]:
    """How many jobs are held for which reason, and how many have ended; nothing while some are on their way."""
    found = json.loads(place.kubectl("get", "quantumjobs", "--output=json"))["items"]
    told: Counter[str] = Counter()
    for job in found:
        kinds = {one["type"]: one for one in job.get("status", {}).get("conditions", [])}
        if "Finished" in kinds:
            told["Finished"] += 1
        elif kinds.get("Submitted", {}).get("status") == "False":
            told[kinds["Submitted"]["reason"]] += 1
    # Who has met the other operator's claim is on its way: it waits for a fence, and asks the budget after that.
    del told["SubmissionUnconfirmed"]
    return told if told.total() == made else Counter()
