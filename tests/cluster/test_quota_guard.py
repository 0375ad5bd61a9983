"""With `quotaGuard: Enforce`, what the provider's own quota does not serve is never sent; the rest goes on."""

import json
from typing import Any, Final

import pytest

from cluster import jobs
from cluster.jobnamespace import FOR_EVER, JobNamespace, eventually
from cluster.test_max_cost import PRICES
from localstack.emulated import Emulator
from localstack.manifests import Manifest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

MACHINE: Final = {"target": "quantinuum.qpu.h2-1"}
NEEDS: Final = 6.275
"""HQC that the price list expects of a GHZ state of three qubits and 100 shots."""


def guarded(place: JobNamespace, **spec: Any) -> None:
    """The workspace has a price list and a guard."""
    place.apply(jobs.config_map("prices", {"prices.yaml": PRICES}))
    place.apply(place.workspace(pricesRef={"name": "prices"}, quotaGuard="Enforce", **spec))


def machine(name: str) -> Manifest:
    """A job that takes of Quantinuum's `hqc`."""
    made = jobs.quantinuum(name)
    return {**made, "spec": {**made["spec"], **MACHINE}}


def grant(emulator: Emulator, units: float) -> None:
    """Quantinuum's quota leaves so much, whatever was used before."""
    runs = [run for run in emulator.ledger() if run["provider"] == "quantinuum"]
    used = sum(run["units"] for run in runs if run["started"] or not run["ended"])
    emulator.behave(quota_limits={"quantinuum": used + units})


def test_what_the_quota_does_not_serve_is_never_sent(place: JobNamespace, emulator: Emulator) -> None:
    """The message has what is left, of how much, what is needed and what to do; an emulator's job is no matter."""
    grant(emulator, 3.2)
    guarded(place, maxJobsInFlight=1)
    place.apply(machine("held"))
    message = place.wait_reason("held", "Submitted", "QuotaExhausted")["message"]
    assert message.startswith("quantinuum has 3.2 hqc left of ")
    assert "(Subscription, renewed every month); this job needs about 6.275. Ask for a higher quota at Azure" in message
    assert message.endswith("or use quantinuum.sim.h2-1e in a new job")
    place.apply(jobs.quantinuum("emulated"))
    place.wait("emulated", "Complete")
    assert "quotas of quantinuum in hqc, and the estimate expects 6.275 ehqc" in submitted(place, "emulated")
    assert place.runs("held") == []
    grant(emulator, 100)
    place.apply(place.workspace(pricesRef={"name": "prices"}, quotaGuard="Enforce"))
    place.wait("held", "Complete")
    assert len(place.runs("held")) == 1


def test_jobs_together_take_no_more_than_is_left(place: JobNamespace, emulator: Emulator) -> None:
    """Six at once, and enough for two: each is counted from the moment in which it is sent."""
    emulator.behave(executing_seconds=FOR_EVER)
    grant(emulator, 2.5 * NEEDS)
    guarded(place)
    names = [f"job{number}" for number in range(6)]
    place.apply(*map(machine, names))
    eventually(lambda: sorted(reasons(place, names)) == ["QuotaExhausted"] * 4 + ["Submitted"] * 2, within=120)
    assert sum(len(place.runs(name)) for name in names) == 2


def test_a_workspace_that_tells_no_quotas_guards_nothing(place: JobNamespace, emulator: Emulator) -> None:
    """The job goes on, and says so."""
    emulator.admin("POST", "faults", {"operation": "get-quotas", "kind": "status-before", "status": 404, "count": 99})
    guarded(place)
    place.apply(machine("job"))
    place.wait("job", "Complete")
    assert "quotaGuard had nothing to compare: no quota of quantinuum is told" in submitted(place, "job")


def submitted(place: JobNamespace, name: str) -> str:
    """What the condition Submitted says."""
    (told,) = [one for one in place.status(name)["conditions"] if one["type"] == "Submitted"]
    return str(told["message"])


def reasons(place: JobNamespace, names: list[str]) -> list[str]:
    """Why each job is submitted, or is not; empty as long as nobody knows."""
    items = json.loads(place.kubectl("get", "quantumjobs", *names, "-o", "json"))["items"]
    told = [{one["type"]: one["reason"] for one in item.get("status", {}).get("conditions", [])} for item in items]
    return [one.get("Submitted", "") for one in told]
