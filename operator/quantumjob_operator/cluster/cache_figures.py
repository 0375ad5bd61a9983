"""What the metrics count of the objects that are known.

Must not live here: the metrics themselves (`metrics`), or how objects are known (`cache`).
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.metrics import LimitUsed
from quantumjob_operator.model.jobstatus import State

_OTHER: Final = ("other", "other")
_UNSEEN: Final = "NotSeenYet"


class CacheFigures:
    """Figures of a cache, as of when they are asked for."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def labels(self) -> Iterator[tuple[str, str, str, str]]:
        """Namespace, state, provider and target of each job, for the metrics.

        What no workspace offers is what somebody wrote into a spec: any number of series, with any text. It is `other`.
        """
        offered = self._offered()
        for job in self._cache.jobs.values():
            known = (job.spec.provider.lower(), job.spec.target)
            yield job.namespace, job.status.state or "Pending", *(known if known in offered else _OTHER)

    def _offered(self) -> set[tuple[str, str]]:
        """Provider and target of all that workspaces offer."""
        return {
            (str(row.get("provider", "")).lower(), str(row.get("target", "")))
            for workspace in self._cache.workspaces.values()
            for row in workspace.status.get("targets") or ()
        }

    def counted(self) -> Iterator[tuple[tuple[str, str, str, str, str], float]]:
        """What budgets count for each job: namespace and name of the budget, target, unit and state, and how much."""
        offered = self._offered()
        for job in self._cache.jobs.values():
            known = (job.spec.provider.lower(), job.spec.target)
            target = job.spec.target if known in offered else _OTHER[1]
            for one in job.status.budgets:
                for each in one.amounts:
                    yield (one.namespace, one.name, target, each.unit, one.state), float(each.amount)

    def pending(self) -> Iterator[tuple[str, datetime]]:
        """Why each job that is held back is so, and since when; suspended ones are held by their users."""
        for job in self._cache.jobs.values():
            if job.status.state not in (None, State.PENDING):
                continue
            submitted, resumed = job.status.condition("Submitted"), job.status.condition("Suspended")
            times = [one.last_transition_time for one in (submitted, resumed) if one]
            since = max((datetime.fromisoformat(moment) for moment in times), default=job.created)
            yield submitted.reason if submitted else _UNSEEN, since

    def readiness(self) -> Iterator[tuple[str, str, str, bool]]:
        """Namespace, name, reason and whether it is ready, of each workspace."""
        for workspace in self._cache.workspaces.values():
            ready = next((one for one in workspace.conditions if one.type == "Ready"), None)
            yield *workspace.key, ready.reason if ready else _UNSEEN, ready is not None and ready.status == "True"

    def limits(self) -> Iterator[LimitUsed]:
        """Each limit of each budget, and what is used of it, as it stands in status."""
        for budget in self._cache.budgets.values():
            for row in budget.status.totals:
                if row.limit is not None and row.left is not None:
                    numbers = map(float, (row.limit, row.spent, row.reserved, row.left))
                    yield LimitUsed(*budget.key, row.namespace or "", row.unit, *numbers)
