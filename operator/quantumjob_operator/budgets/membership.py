"""Which budgets count a job.

Rules:
1. A budget counts the jobs that go through the QuantumWorkspaces of its own namespace that it names.
2. Labels of a namespace that can't be read are no way out: the budget counts its jobs. So it does with a job that has
   more labels than are looked at.
3. Two budgets overlap unless it is certain that they never count the same job.

Must not live here: whether a job fits (`ledger`).
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumworkspace import Selector

MOST_COMPARED: Final = 200
"""Budgets that are compared with one: whoever may create them can have thousands for one QuantumWorkspace."""


def counts(budget: QuantumBudget, job: QuantumJob, labels: Mapping[str, str] | None) -> bool:
    """Whether a budget that names a job's QuantumWorkspace counts the job.

    Args:
        budget: The budget.
        job: The job.
        labels: Of the job's namespace; None if they can't be read.
    """
    spec = budget.spec
    if spec.jobs is not None and job.labels is not None and not spec.jobs.matches(job.labels):
        return False
    return spec.namespaces is None or labels is None or spec.namespaces.selector.matches(labels)


def overlapping(budget: QuantumBudget, others: Iterable[QuantumBudget]) -> list[str]:
    """Names of those that may count a job that a budget counts, too; the first so many are looked at."""
    looked_at = islice(others, MOST_COMPARED)
    return sorted({one.name for one in looked_at if one.uid != budget.uid and _overlap(budget, one)})


def _overlap(one: QuantumBudget, other: QuantumBudget) -> bool:
    if one.namespace != other.namespace or not set(one.spec.workspaces) & set(other.spec.workspaces):
        return False
    selectors = [(spec.jobs, spec.namespaces.selector if spec.namespaces else None) for spec in (one.spec, other.spec)]
    return not any(_exclude(*pair) for pair in zip(*selectors, strict=True))


def _exclude(one: Selector | None, other: Selector | None) -> bool:
    """Whether two selectors ask for different values of one label."""
    first, second = (selector.match_labels if selector else {} for selector in (one, other))
    return any(key in second and second[key] != value for key, value in first.items())
