"""A budget that is used up is healthy and shows no drift; the job that it keeps back is in progress, and says why."""

import json
from typing import Any, Final

import pytest

from cluster import jobs
from cluster.jobnamespace import JobNamespace, condition_of, eventually
from gitops.argocd import Customizations
from gitops.fluxstatus import judge
from gitops.states import Object
from localstack.stack import Stack

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

_NAMESPACE: Final = "gitops-budgets"
_ONE_JOB: Final = {"workspaces": ["default"], "period": "Year", "limits": [{"unit": "jobs", "amount": "1"}]}


def budget(name: str, **spec: Any) -> Object:
    """A budget as it stands in Git."""
    return {
        "apiVersion": "quantumjobs.dev/v1alpha1",
        "kind": "QuantumBudget",
        "metadata": {"name": name, "namespace": _NAMESPACE},
        "spec": _ONE_JOB | spec,
    }


@pytest.fixture(scope="module")
def place(idle_stack: Stack, objects: object) -> JobNamespace:
    """One budget that is used up by a job, so that another is held, and one without a QuantumWorkspace."""
    assert objects
    made = JobNamespace.make(idle_stack, _NAMESPACE)
    made.apply(budget("spent"), budget("lost", workspaces=["nowhere"]))
    made.wait("spent", "Ready", kind="quantumbudget")
    made.apply(jobs.ionq("first"))
    made.wait("first")
    made.apply(jobs.ionq("second"))
    made.wait_reason("second", "Submitted", "BudgetExceeded")
    made.wait("spent", "Exceeded", kind="quantumbudget")
    made.wait("lost", "Ready=False", kind="quantumbudget")
    return made


def found(place: JobNamespace, kind: str, name: str) -> Object:
    """An object as the API server tells it."""
    return place.stack.get(kind, name, namespace=place.name)


@pytest.mark.parametrize(
    ("what", "flux", "argo", "why"),
    [
        pytest.param("quantumbudget/spent", "Current", "Healthy", "", id="nothing left of a limit is no fault"),
        pytest.param("quantumbudget/lost", "InProgress", "Degraded", "nowhere", id="no QuantumWorkspace to guard"),
        pytest.param("quantumjob/second", "InProgress", "Progressing", "spent", id="a job that does not fit waits"),
    ],
)
def test_what_the_tools_say(place: JobNamespace, what: str, flux: str, argo: str, why: str) -> None:
    """Of a budget by its Ready alone; Exceeded stands beside it."""
    one = found(place, *what.split("/"))
    (judgement,) = judge([one])
    health = Customizations().health(one)
    assert (judgement.kstatus, health.status) == (flux, argo)
    assert why in judgement.message or not why
    assert why in health.message


@pytest.mark.parametrize(
    ("metadata", "status"),
    [
        pytest.param({"generation": 1}, None, id="no status at all"),
        pytest.param({"generation": 2}, {"observedGeneration": 1, "conditions": []}, id="changed since it was seen"),
        pytest.param({"generation": 1}, {"observedGeneration": 1, "conditions": []}, id="nothing said yet"),
        pytest.param({"generation": 1, "deletionTimestamp": "2026-11-22T13:00:00Z"}, None, id="being deleted"),
    ],
)
def test_half_a_status_is_progress(metadata: Object, status: Object | None) -> None:
    """The script does not trip over what is absent."""
    one = {**budget("new"), "metadata": metadata, "status": status}
    assert Customizations().health(one).status == "Progressing"


def test_applied_again_nothing_changes(place: JobNamespace) -> None:
    """Nothing is written under spec, and a ledger is no difference to what is in Git."""
    manifest = budget("spent")
    before = found(place, "quantumbudget", "spent")
    assert before["spec"] == manifest["spec"]
    assert condition_of(before, "Exceeded")["status"] == "True"
    for command in ("diff", "apply"):
        done = place.stack.cluster.kubectl(command, "--server-side", "-f", "-", stdin=json.dumps(manifest), check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert command == "apply" or not done.stdout
    after = found(place, "quantumbudget", "spent")
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    assert after["status"]["totals"] == before["status"]["totals"]


def test_a_limit_raised_in_git_wakes_the_job(place: JobNamespace) -> None:
    """Nobody has to touch the job."""
    place.apply(budget("spent", limits=[{"unit": "jobs", "amount": "2"}]))
    place.wait("second")
    eventually(lambda: condition_of(found(place, "quantumbudget", "spent"), "Exceeded")["status"] == "True")
