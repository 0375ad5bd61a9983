"""Which budgets count a job.

Rules:
1. A budget counts the jobs that go through the QuantumWorkspaces of its own namespace that it names.
2. Labels of a namespace that can't be read are no way out: the budget counts its jobs.

Must not live here: whether a job fits (`ledger`).
"""

from collections.abc import Iterable, Mapping

from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumworkspace import Name


def naming(budgets: Iterable[QuantumBudget], workspace: Name) -> list[QuantumBudget]:
    """The budgets that name a QuantumWorkspace, in the order in which they are asked."""
    namespace, name = workspace
    found = [one for one in budgets if one.namespace == namespace and name in one.spec.workspaces]
    return sorted(found, key=lambda one: one.key)


def counts(budget: QuantumBudget, job: QuantumJob, labels: Mapping[str, str] | None) -> bool:
    """Whether a budget that names a job's QuantumWorkspace counts the job.

    Args:
        budget: The budget.
        job: The job.
        labels: Of the job's namespace; None if they can't be read.
    """
    spec = budget.spec
    if spec.jobs is not None and not spec.jobs.matches(job.labels):
        return False
    return spec.namespaces is None or labels is None or spec.namespaces.selector.matches(labels)
