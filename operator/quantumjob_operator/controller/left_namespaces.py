"""Jobs that wait for a budget which counts them no more, because the labels of their namespace were changed.

Nobody watches namespaces: at each look at a budget that selects some, the labels of a few of those that wait are read.
Must not live here: which jobs a budget counts (`budgets.membership`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from quantumjob_operator.budgets.membership import counts
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.namespaces import Namespaces
from quantumjob_operator.model.quantumbudget import QuantumBudget

_AT_ONCE: Final = 10
"""Namespaces whose labels are read at a look; the others at the next ones."""


@dataclass(slots=True)
class LeftNamespaces:
    """Wakes those that a budget counts no more.

    Attributes:
        wake: Called with the uid of such a job: it asks the others, and is in no line of this one then.
    """

    cache: Cache
    namespaces: Namespaces
    wake: Callable[[str], None]
    _last: dict[str, str] = field(default_factory=dict)
    """By the uid of a budget: the namespace that was looked at last."""

    async def look(self, budget: QuantumBudget, waiting: Iterable[str]) -> None:
        """Look at the next few namespaces.

        Args:
            budget: The budget.
            waiting: The uids of the jobs that wait for it.

        Raises:
            ClusterError: The API server could not be asked.
        """
        last = self._last.pop(budget.uid, "")
        if len(self._last) > len(self.cache.budgets):
            self._last = {uid: name for uid, name in self._last.items() if uid in self.cache.budgets}
        if budget.spec.namespaces is None:
            return
        jobs = [job for job in map(self.cache.jobs.get, waiting) if job]
        names = sorted({job.namespace for job in jobs})
        turn = [*(one for one in names if one > last), *(one for one in names if one <= last)][:_AT_ONCE]
        for name in turn:
            labels = await self.namespaces.labels(name)
            for job in jobs:
                if job.namespace == name and not counts(budget, job, labels):
                    self.wake(job.uid)
        if turn:
            self._last[budget.uid] = turn[-1]
