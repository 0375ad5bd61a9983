"""Ledgers after crashes, on the real parts: nothing is reserved for ever, nothing is forgotten, nothing is guessed."""

import json
import time
from collections.abc import Iterator
from typing import Any, Final

import pytest

from cluster import jobs
from cluster.answers import assert_held
from cluster.jobnamespace import FOR_EVER, JobNamespace, condition_of, eventually
from cluster.test_budgets import budget, ledger, reservations
from cluster.test_max_cost import PRICES
from localstack import manifests
from localstack.emulated import Emulator
from localstack.manifests import Manifest
from rooms.budgets.values import digested

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

_LONG_AGO: Final = "2026-01-01T00:00:00Z"
_SWEPT: Final = 150.0


@pytest.fixture
def kept(place: JobNamespace) -> JobNamespace:
    """A namespace with the published prices and a budget."""
    place.apply(jobs.config_map("prices", {"prices.yaml": PRICES}), place.workspace(pricesRef={"name": "prices"}))
    place.apply(budget())
    place.wait("research", "Ready", kind="quantumbudget")
    return place


@pytest.fixture
def restarted(place: JobNamespace) -> Iterator[JobNamespace]:
    """An operator runs when the test is over, whatever the test did to it."""
    yield place
    if not place.stack.operator.running:
        place.stack.operator.start()


def write_status(place: JobNamespace, status: Manifest) -> None:
    """The ledger as an operator would have it."""
    body = digested({**(place.find("quantumbudget", "research") or {}), "status": status})
    patch = json.dumps([{"op": "add", "path": "/status", "value": body["status"]}])
    place.kubectl("patch", "quantumbudget", "research", "--subresource=status", "--type=json", "--patch", patch)


def remove_by_force(place: JobNamespace, name: str) -> None:
    """Take the finalizer off and delete the object, as impatient people do."""
    place.patch("quantumjob", name, {"metadata": {"finalizers": None}})
    place.delete(name)


def entry(number: int, **fields: Any) -> Manifest:
    """A reservation that a crash has left."""
    usual = {
        "jobId": f"00000000-0000-4000-8000-00000000000{number}",
        "namespace": "gone",
        "name": f"gone-{number}",
        "uid": f"gone-{number}",
        "workspace": "default",
        "reservedAt": _LONG_AGO,
        "amounts": [{"unit": "ehqc", "amount": "2"}],
        "basis": "Estimate",
    }
    return usual | fields


def spent(place: JobNamespace) -> float:
    """What was billed."""
    return float(ledger(place)["totals"][0]["spent"])


def unconfirmed(place: JobNamespace) -> str:
    """The message of the condition Unconfirmed; empty without one."""
    found = place.find("quantumbudget", "research")
    told = {one["type"]: one for one in (found or {}).get("status", {}).get("conditions", [])}
    return str(told["Unconfirmed"]["message"]) if "Unconfirmed" in told else ""


def test_a_job_that_was_removed_by_force_is_settled_when_somebody_answers_for_it(
    kept: JobNamespace, restarted: JobNamespace, emulator: Emulator
) -> None:
    """Until then it counts as reserved, and the budget says for which job, why, and what helps."""
    emulator.behave(executing_seconds=FOR_EVER)
    kept.apply(jobs.quantinuum("lost"))
    kept.wait_state("lost", "Executing")
    restarted.stack.operator.kill()
    remove_by_force(kept, "lost")
    kept.pass_time()
    kept.apply(manifests.credentials("0" * 32))
    kept.stack.operator.start()
    told = eventually(lambda: unconfirmed(kept), within=_SWEPT)
    assert f"{kept.name}/lost" in told
    assert "counts as reserved until the service answers" in told
    assert spent(kept) == 0
    kept.apply(manifests.credentials(emulator.api_key))
    eventually(lambda: not reservations(kept) and not unconfirmed(kept), within=_SWEPT)
    assert spent(kept) > 0
    assert len(kept.runs("lost")) == 1


def test_what_a_crash_left_is_released_only_by_the_workspace_that_it_was_for(
    kept: JobNamespace, restarted: JobNamespace
) -> None:
    """A QuantumWorkspace that was created anew may lead elsewhere: that it has no such job proves nothing."""
    restarted.stack.operator.kill()
    left = [entry(1), entry(2, place="elsewhere")]
    write_status(kept, ledger(kept) | {"reservations": [json.dumps(one) for one in left]})
    kept.stack.operator.start()
    told = eventually(lambda: unconfirmed(kept), within=_SWEPT)
    assert "gone/gone-2 cost is not known, because QuantumWorkspace default was created anew" in told
    eventually(lambda: [one["name"] for one in reservations(kept)] == ["gone-2"], within=_SWEPT)
    assert spent(kept) == 0
    write_status(kept, ledger(kept) | {"reservations": []})


@pytest.mark.parametrize("gone", [True, False], ids=["whose jobs are gone", "whose jobs say that they are settled"])
def test_a_ledger_that_was_set_back_while_no_operator_ran_is_counted_anew(
    kept: JobNamespace, restarted: JobNamespace, *, gone: bool
) -> None:
    """Before anything more is submitted."""
    before = ledger(kept)
    kept.apply(jobs.quantinuum("first"))
    kept.wait("first")
    billed = spent(kept)
    assert billed > 0
    restarted.stack.operator.kill()
    write_status(kept, before)
    if gone:
        remove_by_force(kept, "first")
    kept.apply(jobs.quantinuum("second"))
    kept.stack.operator.start()
    assert_held(kept, "second", "BudgetExceeded", "spent")
    assert spent(kept) == billed


@pytest.mark.parametrize("how", ["set back", "without its sums", "without its sums and digest", "without its count"])
def test_a_ledger_that_somebody_else_writes_is_counted_anew(kept: JobNamespace, how: str) -> None:
    """A moment after it was settled, while an operator looks on."""
    before = ledger(kept)
    kept.apply(jobs.quantinuum("first"))
    kept.wait("first")
    billed = spent(kept)
    assert billed > 0
    if how == "set back":
        write_status(kept, before)
    else:
        parts = {"without its sums": ["totals"], "without its count": ["counted"]}.get(how, ["totals", "digest"])
        patch = json.dumps({"status": dict.fromkeys(parts)})
        kept.kubectl("patch", "quantumbudget", "research", "--subresource=status", "--type=merge", "--patch", patch)
    kept.apply(jobs.quantinuum("second"))
    assert_held(kept, "second", "BudgetExceeded", "spent")
    assert spent(kept) == billed


def test_a_service_whose_clock_is_ahead_shows_no_ledger_set_back(kept: JobNamespace, restarted: JobNamespace) -> None:
    """When a job was sent is told by the clock by which the ledger changed: nothing is counted anew at each start."""
    kept.pass_time()
    kept.apply(jobs.quantinuum("first"))
    kept.wait("first")
    counted = ledger(kept)["counted"]
    restarted.stack.operator.kill()
    kept.stack.operator.start()
    kept.apply(jobs.quantinuum("second"))
    assert_held(kept, "second", "BudgetExceeded", "spent")
    assert ledger(kept)["counted"] == counted


def test_an_object_with_the_key_of_a_job_that_runs_lowers_nothing(kept: JobNamespace, emulator: Emulator) -> None:
    """It is another job, ends so, and what may still be billed stays reserved."""
    emulator.behave(executing_seconds=FOR_EVER)
    kept.apply(jobs.quantinuum("orphan", idempotencyKey="k", deletionPolicy="Orphan"))
    kept.wait_state("orphan", "Executing")
    before = [one["amounts"] for one in reservations(kept)]
    kept.delete("orphan")
    kept.apply(jobs.quantinuum("small", idempotencyKey="k", parameters={"shots": 1}))
    kept.wait("small")
    assert condition_of(kept.job("small"), "Failed")["reason"] == "IdempotencyKeyReused"
    assert [one["amounts"] for one in reservations(kept)] == before


@pytest.mark.parametrize(
    ("limit", "recounted", "shown"),
    [
        pytest.param("100", False, {"Released"}, id="it reserves anew, and that is released"),
        pytest.param("100", True, {"Released", "Settled", ""}, id="although the ledger was counted between"),
        pytest.param("10", False, {""}, id="or nothing, where nothing is left"),
    ],
)
def test_a_job_that_is_made_anew_with_its_key_is_counted_once(
    kept: JobNamespace, limit: str, shown: set[str], *, recounted: bool
) -> None:
    """It was settled a moment ago, and the next object with the key finds it."""
    kept.patch("quantumbudget", "research", {"spec": {"limits": [{"unit": "ehqc", "amount": limit}]}})
    kept.apply(jobs.quantinuum("ghz", idempotencyKey="k"))
    kept.wait("ghz")
    billed = spent(kept)
    assert billed > 0
    for again in ("first", "second"):
        kept.delete("ghz")
        if recounted:
            kept.kubectl("annotate", "quantumbudget", "research", "--overwrite", f"quantumjobs.dev/recount={again}")
        kept.apply(jobs.quantinuum("ghz", idempotencyKey="k"))
        kept.wait("ghz")
        assert (spent(kept), reservations(kept)) == (billed, [])
        assert "".join(one["state"] for one in kept.status("ghz").get("budgets", [])) in shown
    assert len(kept.runs("ghz")) == 1


def test_a_budget_goes_when_the_last_of_its_jobs_is_settled(kept: JobNamespace, emulator: Emulator) -> None:
    """Nothing further that costs is submitted under it meanwhile."""
    emulator.behave(executing_seconds=FOR_EVER)
    kept.apply(jobs.quantinuum("under-way"))
    kept.wait_state("under-way", "Executing")
    kept.kubectl("delete", "quantumbudget", "research", "--wait=false")
    found = kept.find("quantumbudget", "research")
    assert found is not None
    assert found["metadata"]["finalizers"] == ["quantumjobs.dev/reserved"]
    kept.pass_time()
    kept.wait("under-way")
    eventually(lambda: kept.find("quantumbudget", "research") is None)


def test_what_a_deleted_job_may_cost_stays_reserved_if_it_had_begun(kept: JobNamespace, emulator: Emulator) -> None:
    """It is cancelled and goes; the service tells no bill, and no longer that it had begun."""
    emulator.behave(executing_seconds=FOR_EVER)
    kept.apply(jobs.quantinuum("unwanted"))
    kept.wait_state("unwanted", "Executing")
    assert len(reservations(kept)) == 1
    kept.delete("unwanted")
    time.sleep(5)  # the sweep looks at it as well
    (left,) = reservations(kept)
    assert "endedAt" in left
    assert ledger(kept)["unsettled"] == 1
    found = kept.find("quantumbudget", "research")
    assert found is not None
    assert condition_of(found, "Ready")["status"] == "True"
