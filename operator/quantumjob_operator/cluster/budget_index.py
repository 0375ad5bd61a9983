"""The budgets by uid, and by what each reconciliation of a job asks for.

Whoever may create budgets can have thousands of them: who looks for those of one QuantumWorkspace, or for those that
hold something for one job, must not walk through all. Must not live here: whether a budget counts a job
(`budgets.membership`).
"""

from bisect import bisect_left, insort
from collections import UserDict
from collections.abc import Iterator
from typing import Final

from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.quantumworkspace import Name

_ANY: Final = ""


class Budgets(UserDict[str, QuantumBudget]):
    """A dict by uid that knows which of them name a QuantumWorkspace, and which hold something for a job."""

    def __init__(self) -> None:
        super().__init__()
        self._naming: dict[Name, list[tuple[str, str]]] = {}
        self._holding: dict[str, tuple[str, ...]] = {}

    def __setitem__(self, uid: str, budget: QuantumBudget) -> None:
        """Take a version of a budget."""
        old = self.data.get(uid)
        super().__setitem__(uid, budget)
        if old is None or _names(old) != _names(budget):
            self._unname(uid, old)
            for name in _names(budget):
                insort(self._naming.setdefault(name, []), (budget.name, uid))
        if old is None or old.status.reservations is not budget.status.reservations:
            before, after = _job_ids(old), _job_ids(budget)
            self._let_go(uid, before - after)
            for job_id in after - before:
                self._holding[job_id] = (*self._holding.get(job_id, ()), uid)

    def __delitem__(self, uid: str) -> None:
        """A budget is gone."""
        old = self.data.get(uid)
        super().__delitem__(uid)
        self._unname(uid, old)
        self._let_go(uid, _job_ids(old))

    def naming(self, workspace: Name) -> Iterator[QuantumBudget]:
        """The budgets of a QuantumWorkspace's namespace that name it, in the order in which they are asked.

        One whose spec can't be read may name any of them.
        """
        unread = self._naming.get((workspace[0], _ANY), ())
        known = self._naming.get(workspace, ())
        return (self.data[uid] for _, uid in (sorted((*known, *unread)) if unread else known))

    def holding(self, job_id: str) -> list[QuantumBudget]:
        """The budgets in which something is reserved for a job, by its id at the service; in the same order."""
        return sorted((self.data[uid] for uid in self._holding.get(job_id, ())), key=lambda one: one.key)

    def _unname(self, uid: str, old: QuantumBudget | None) -> None:
        if old is None:
            return
        for name in _names(old):
            entries = self._naming[name]
            del entries[bisect_left(entries, (old.name, uid))]
            if not entries:
                del self._naming[name]

    def _let_go(self, uid: str, job_ids: set[str]) -> None:
        for job_id in job_ids:
            left = tuple(one for one in self._holding[job_id] if one != uid)
            if left:
                self._holding[job_id] = left
            else:
                del self._holding[job_id]


def _names(budget: QuantumBudget) -> frozenset[Name]:
    if budget.unreadable:
        return frozenset({(budget.namespace, _ANY)})
    return frozenset((budget.namespace, name) for name in budget.spec.workspaces)


def _job_ids(budget: QuantumBudget | None) -> set[str]:
    return {one.job_id for one in budget.status.reservations} if budget else set()
