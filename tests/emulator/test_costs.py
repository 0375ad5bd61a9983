"""What jobs cost and what of a quota they take: the dimensions of each kind of target, prices, refusals."""

import uuid
from typing import Any

import httpx
import pytest

from emulator.jobs import Jobs

FORMATS = {
    "ionq": ("ionq.circuit.v1", "ionq.quantum-results.v1"),
    "quantinuum": ("honeywell.openqasm.v1", "honeywell.quantum-results.v1"),
    "rigetti": ("rigetti.quil.v1", "rigetti.quil-results.v1"),
    "pasqal": ("pasqal.pulser.v1", "pasqal.pulser-results.v1"),
    "qci": ("qir.v1", "microsoft.quantum-results.v2"),
}


@pytest.fixture
def placeholders(admin: httpx.Client, jobs: Jobs) -> Jobs:
    """Jobs whose programs are not run: what they cost does not depend on it."""
    admin.put("/settings", json={"simulate": False}).raise_for_status()
    return jobs


def of_target(target: str, shots: int = 100) -> dict[str, Any]:
    """Return what differs in the definition of a job for a target."""
    provider = target.split(".", 1)[0]
    inputs, outputs = FORMATS[provider]
    return {
        "providerId": provider,
        "target": target,
        "inputDataFormat": inputs,
        "outputDataFormat": outputs,
        "inputParams": {"shots": shots},
    }


@pytest.mark.parametrize(
    ("target", "events", "total"),
    [
        pytest.param(
            "ionq.simulator",
            [("gs1q", "1q gate shot", 0.0, 0.0, 0.0), ("gs2q", "2q gate shot", 0.0, 0.0, 0.0)],
            0.0,
            id="IonQ's simulator counts gates and takes nothing",
        ),
        pytest.param(
            "ionq.qpu.aria-1",
            [("gs1q", "1q gate shot", 2.68, 2.68, 1.0), ("gs2q", "2q gate shot", 10.72, 10.72, 1.0)],
            13.4,
            id="IonQ's machines count gates of one and of two qubits",
        ),
        pytest.param(
            "quantinuum.sim.h2-1sc", [("hqc", "hqc", 0.0, 0.0, 0.0)], 0.0, id="a syntax checker costs nothing"
        ),
        pytest.param(
            "quantinuum.sim.h2-1e", [("ehqc", "hqc", 7.0, 7.0, 0.0)], 0.0, id="an emulator counts units of its own"
        ),
        pytest.param("quantinuum.qpu.h2-1", [("hqc", "hqc", 7.0, 7.0, 12.5)], 87.5, id="a machine of Quantinuum's"),
        pytest.param(
            "rigetti.qpu.cepheus-1-108q",
            [("qpu_time_centiseconds", "10ms (rounded up)", 0.2, 0.2, 1.3)],
            0.26,
            id="Rigetti counts time",
        ),
        pytest.param(
            "pasqal.sim.emu-tn",
            [("compute-time-emu", "per hour", 0.0033, 0.0033, 0.0), ("compute-time-qpu", "per hour", 0.0, 0.0, 0.0)],
            0.0,
            id="PASQAL tells emulators from machines",
        ),
        pytest.param(
            "pasqal.sim.emu-free",
            [("compute-time", "per hour", 0.0, 0.0033, 0.0)],
            0.0,
            id="what is consumed on a free target is not billed",
        ),
        pytest.param("qci.simulator", [("jobseconds", "second", 1.0, 1.0, 0.0)], 0.0, id="QCI counts seconds"),
    ],
)
def test_a_target_counts_in_its_own_dimensions(
    placeholders: Jobs, target: str, events: list[tuple[Any, ...]], total: float
) -> None:
    """An event for each, with what was consumed, what is billed, and the price of a unit."""
    job = placeholders.finished(placeholders.submit(**of_target(target)))
    estimate = job["costEstimate"]
    keys = ("dimensionId", "measureUnit", "amountBilled", "amountConsumed", "unitPrice")
    assert [tuple(event[key] for key in keys) for event in estimate["events"]] == events
    assert all(event["dimensionName"] for event in estimate["events"])
    assert (estimate["currencyCode"], estimate["estimatedTotal"]) == ("USD", pytest.approx(total))


def test_the_cost_is_null_until_the_job_has_succeeded(admin: httpx.Client, jobs: Jobs) -> None:
    """A run is in the ledger from the start, and the job tells its cost at the end: the same sum."""
    admin.put("/settings", json={"waiting_seconds": 10, "executing_seconds": 10, "finishing_seconds": 10})
    job_id = jobs.submit(target="ionq.qpu.aria-1", inputParams={"shots": 1000})
    for word in ("Waiting", "Executing", "Finishing"):
        assert jobs.in_status(job_id, word)["costEstimate"] is None
        admin.post("/clock", json={"advance_seconds": 11}).raise_for_status()
    estimate = jobs.finished(job_id)["costEstimate"]
    assert estimate["estimatedTotal"] == pytest.approx(12.4 + 0.01 * 1000)
    (run,) = [run for run in admin.get("/ledger").json()["runs"] if run["job"] == job_id]
    assert (run["cost"], run["status"], run["run"]) == (estimate["estimatedTotal"], "Succeeded", 1)


@pytest.mark.parametrize("ending", ["Failed", "Cancelled"])
@pytest.mark.parametrize("setting", ["none", "partial"])
def test_what_did_not_succeed_shows_no_cost_or_a_part(
    admin: httpx.Client, jobs: Jobs, wire: httpx.Client, setting: str, ending: str
) -> None:
    """Recorded failed jobs show null, whatever was billed; half of it is played as well."""
    admin.put("/settings", json={"unfinished_cost": setting, "executing_seconds": 3600 * (ending == "Cancelled")})
    job_id = jobs.submit(b"no circuit", **of_target("ionq.qpu.aria-1"))
    if ending == "Cancelled":
        jobs.in_status(job_id, "Executing")
        wire.post(f"/jobs/{job_id}:cancel").raise_for_status()
    job = jobs.finished(job_id)
    assert job["status"] == ending
    shown = job["costEstimate"] and job["costEstimate"]["estimatedTotal"]
    assert shown == {"none": None, "partial": 6.7}[setting]


def test_a_bill_can_be_told_late(admin: httpx.Client, jobs: Jobs) -> None:
    """Null for as long as the setting says, although the job has succeeded."""
    admin.put("/settings", json={"bill_delay_seconds": 60, "simulate": False}).raise_for_status()
    job_id = jobs.submit(b"{}", **of_target("ionq.qpu.aria-1"))
    assert jobs.finished(job_id)["costEstimate"] is None
    admin.post("/clock", json={"advance_seconds": 61}).raise_for_status()
    assert jobs.get(job_id)["costEstimate"]["estimatedTotal"] == pytest.approx(13.4)


def test_a_job_that_never_executed_costs_nothing(admin: httpx.Client, jobs: Jobs, wire: httpx.Client) -> None:
    """Not even a part."""
    admin.put("/settings", json={"unfinished_cost": "partial", "waiting_seconds": 3600})
    (job_id,) = jobs.queue(target="ionq.qpu.aria-1")
    wire.post(f"/jobs/{job_id}:cancel").raise_for_status()
    assert jobs.get(job_id)["costEstimate"] is None


def test_with_credits_units_are_billed_at_no_price(admin: httpx.Client, placeholders: Jobs) -> None:
    """As in every recorded job: units are billed, the total is 0."""
    admin.put("/settings", json={"billing": "credits"}).raise_for_status()
    job_id = placeholders.submit(**of_target("quantinuum.qpu.h2-1"))
    estimate = placeholders.finished(job_id)["costEstimate"]
    (event,) = estimate["events"]
    assert (estimate["estimatedTotal"], event["amountBilled"], event["unitPrice"]) == (0.0, 7.0, 0.0)


def test_prices_can_be_set(jobs: Jobs, admin: httpx.Client) -> None:
    """A target's price is a setting, so that costs in tests are round numbers; also of one that is free."""
    price = {"units_per_job": 1.0, "units_per_shot": 0.5, "unit_price": 2.0}
    admin.put("/settings", json={"targets": {"ionq.simulator": {"price": price}}}).raise_for_status()
    estimate = jobs.finished(jobs.submit(inputParams={"shots": 10}))["costEstimate"]
    assert estimate["estimatedTotal"] == 12.0
    assert [event["amountBilled"] for event in estimate["events"]] == [6.0, 0.0]


@pytest.mark.parametrize(("status", "code"), [(403, "InsufficientQuota"), (402, "NoCredit"), (429, "QuotaExceeded")])
def test_a_job_beyond_the_quota_is_refused_as_is_set(
    admin: httpx.Client, placeholders: Jobs, wire: httpx.Client, status: int, code: str
) -> None:
    """The quota counts what ended and what is under way; no recording shows how a refusal looks."""
    used = {row["providerId"]: row["utilization"] + row["holds"] for row in wire.get("/quotas").json()["value"]}
    limit = used["rigetti"] + 2.0
    admin.put("/settings", json={"quota_limits": {"rigetti": limit}, "waiting_seconds": 3600}).raise_for_status()
    admin.put("/settings", json={"quota_refusal": {"status": status, "code": code}}).raise_for_status()
    placeholders.queue(2, **of_target("rigetti.sim.qvm"))
    third = str(uuid.uuid4())
    answer = placeholders.put(third, **of_target("rigetti.sim.qvm"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert third not in [run["job"] for run in admin.get("/ledger").json()["runs"]]
    (row,) = [row for row in wire.get("/quotas").json()["value"] if row["providerId"] == "rigetti"]
    assert (row["limit"], row["utilization"] + row["holds"]) == (limit, limit)
