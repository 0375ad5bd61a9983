"""What is reserved for which job, as the cache's budgets tell. Must not live here: how that changes (`spending`)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.reservation import Reservation


@dataclass(frozen=True, slots=True)
class _Index:
    """The open reservations of a budget in one version, by the job's id at the service."""

    version: str
    entries: Mapping[str, Reservation]


class ReservationsSeen:
    """Looks reservations up by the job's id: a ledger may have thousands."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._indexes: dict[str, _Index] = {}

    def of(self, budget: QuantumBudget) -> Mapping[str, Reservation]:
        """All of a budget."""
        known = self._indexes.get(budget.uid)
        if known is None or known.version != budget.resource_version:
            known = _Index(budget.resource_version, {one.job_id: one for one in budget.status.reservations})
            self._indexes[budget.uid] = known
        return known.entries

    def holding(self, job_id: str) -> Iterator[tuple[QuantumBudget, Reservation]]:
        """The budgets in which something is reserved for a job, with that."""
        for budget in self._cache.budgets.holding(job_id):
            if entry := self.of(budget).get(job_id):
                yield budget, entry

    def forget(self, uid: str) -> None:
        """A budget is gone."""
        self._indexes.pop(uid, None)
