"""What the QuantumBudgets of a workspace leave for further jobs, as a researcher may read it.

Must not live here: whether a job fits, which the operator alone decides.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from quantumjobs.facts import Resource, status_of
from quantumjobs.kubeapi import BUDGETS, KubeApi


def left_in(api: KubeApi, workspace: Resource, namespace: str) -> list[str]:
    """Read what each budget of a QuantumWorkspace leaves for the jobs of a namespace.

    Raises:
        ForbiddenError: Budgets may not be read there.
        NotFoundError: The cluster knows no budgets.
    """
    meta = workspace["metadata"]
    pages = api.pages(BUDGETS, meta["namespace"])
    return list(left(meta["name"], namespace, (one for page in pages for one in page["items"])))


def left(workspace: str, namespace: str, budgets: Iterable[Resource]) -> Iterator[str]:
    """What each of the budgets that name a workspace leaves, in its limited units."""
    for budget in budgets:
        meta, spec = budget["metadata"], budget["spec"]
        if workspace not in spec["workspaces"]:
            continue
        where = f"QuantumBudget {meta['namespace']}/{meta['name']}"
        selecting = " and ".join(f"spec.{part}" for part in ("namespaces", "jobs") if part in spec)
        yield _line(budget, namespace) + f" in {where}" + (f", if its {selecting} selects the job" if selecting else "")


def _line(budget: dict[str, Any], namespace: str) -> str:
    spec, rows = budget["spec"], status_of(budget).get("totals") or []
    whose = namespace if spec.get("each") == "Namespace" else None
    known = {row["unit"]: row["left"] for row in rows if row.get("namespace") == whose and "left" in row}
    if spec.get("suspend"):
        return "suspended: nothing that costs is submitted"
    # A namespace that has used nothing has no row yet.
    limits = [(one["unit"], one["amount"]) for one in spec["limits"]]
    return ", ".join(f"{known.get(unit, amount)} of {amount} {unit} left" for unit, amount in limits)
