"""What budgets leave and count, as `kubectl quantum estimate`, `list` and `why` tell it."""

import csv
import io
from pathlib import Path
from typing import Any, Final

import pytest

from client.conftest import Researcher
from client.programs import BELL_IONQ
from cluster import jobs
from cluster.jobnamespace import JobNamespace
from cluster.test_budgets import budget
from cluster.test_max_cost import PRICES
from quantumjobs import facts
from quantumjobs.budgets import left
from quantumjobs.why import explain

_MACHINE: Final = "ionq.qpu.aria-1"
_META: Final = {"namespace": "platform", "name": "research"}


def one(totals: list[dict[str, str]] | None = None, **spec: Any) -> dict[str, Any]:
    """A budget of 2,000 USD for the workspace `shared`."""
    usual = {"workspaces": ["shared"], "period": "Month", "limits": [{"unit": "USD", "amount": "2000"}]}
    return {"metadata": _META, "spec": usual | spec, "status": {"totals": totals or []}}


@pytest.mark.parametrize(
    ("found", "says"),
    [
        pytest.param(one(), ["2000 of 2000 USD left in QuantumBudget platform/research"], id="nothing is used"),
        pytest.param(
            one([{"unit": "USD", "left": "119.5"}]),
            ["119.5 of 2000 USD left in QuantumBudget platform/research"],
            id="something is",
        ),
        pytest.param(
            one([{"unit": "USD", "left": "7", "namespace": "vqe"}, {"unit": "USD", "left": "9", "namespace": "lab"}],
                each="Namespace"),
            ["9 of 2000 USD left in QuantumBudget platform/research"],
            id="by this namespace",
        ),
        pytest.param(
            one([{"unit": "USD", "left": "7", "namespace": "vqe"}], each="Namespace"),
            ["2000 of 2000 USD left in QuantumBudget platform/research"],
            id="by another one alone",
        ),
        pytest.param(
            one(jobs={"matchLabels": {"sweep": "7"}}),
            ["2000 of 2000 USD left in QuantumBudget platform/research, if its spec.jobs selects the job"],
            id="of some jobs",
        ),
        pytest.param(
            one(suspend=True),
            ["suspended: nothing that costs is submitted in QuantumBudget platform/research"],
            id="suspended",
        ),
        pytest.param(one(workspaces=["other"]), [], id="of another workspace"),
    ],
)  # fmt: skip
def test_what_is_left(found: dict[str, Any], says: list[str]) -> None:
    """To the jobs of one namespace."""
    assert list(left("shared", "lab", [found])) == says


def test_what_budgets_count_for_a_job() -> None:
    """In a row of `list`, and in a line of `why` for each."""
    rows = [
        {"namespace": "platform", "name": name, "state": state, "amounts": amounts}
        for name, state, amounts in (
            ("research", "Settled", [{"unit": "USD", "amount": "97.5"}, {"unit": "gs1q", "amount": "9"}]),
            ("sweep", "Released", []),
        )
    ]
    job = {"metadata": {"name": "ghz"}, "spec": {}, "status": {"budgets": rows}}
    assert facts.budgets(job) == "Settled 97.5 USD,9 gs1q in platform/research; Released nothing in platform/sweep"
    assert "\n  budget: Settled 97.5 USD,9 gs1q in platform/research\n  budget: Released" in str(explain(job))
    assert facts.budgets({"metadata": {}, "spec": {}}) == ""


@pytest.mark.cluster
@pytest.mark.slow
def test_on_the_real_parts(researcher: Researcher, place: JobNamespace, tmp_path: Path) -> None:
    """By the rights of a researcher: what is left before, why it waits, and what was counted."""
    bell = tmp_path / "bell.json"
    bell.write_text(BELL_IONQ)
    place.apply(jobs.config_map("prices", {"prices.yaml": PRICES}), place.workspace(pricesRef={"name": "prices"}))
    place.apply(budget(limits=[{"unit": "USD", "amount": "100"}]))
    place.wait("research", "Ready", kind="quantumbudget")
    asked = researcher.run("estimate", bell, "-t", _MACHINE, "-s", "100")
    assert f"100 of 100 USD left in QuantumBudget {place.name}/research" in asked.stdout.splitlines()[-1]
    ran = researcher.run("run", bell, "-t", _MACHINE, "-s", "100", "--name=paid", "--wait")
    assert ran.returncode == 0, ran.stderr
    (row,) = csv.DictReader(io.StringIO(researcher.run("list", "-o", "csv").stdout))
    assert row["budget"].startswith("Settled ")
    assert row["budget"].endswith(f" in {place.name}/research")
    assert f"budget: {row['budget']}" in researcher.run("why", "paid").stdout
    researcher.run("run", bell, "-t", _MACHINE, "-s", "900000", "--name=held")
    place.wait_reason("held", "Submitted", "BudgetExceeded")
    told = researcher.run("why", "held").stdout
    assert "held: Pending (BudgetExceeded)" in told
    assert f"raised by the owner of {place.name}/research" in told
    assert "do: wait, use fewer shots in a new job, or have the budget's limit raised; the message says when" in told
