"""Many jobs with one label: one watch, one table. Must not live here: how they are made (`cluster`)."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from quantumjobs import facts, tables, waiting
from quantumjobs.errors import QuantumJobsError
from quantumjobs.following import Selection
from quantumjobs.harvest import Harvest
from quantumjobs.job import Job
from quantumjobs.kubeapi import JOBS, KubeApi
from quantumjobs.waiting import Ending, Watcher

_JOBS_PAGE = 250


class JobSet:
    """All jobs of a namespace that a label selector selects, whoever made them.

    Attributes:
        selector: The label selector.
        namespace: Theirs.
    """

    def __init__(self, api: KubeApi, namespace: str, selector: str, jobs: Sequence[Job] = ()) -> None:
        self._api = api
        self._jobs = list(jobs)
        self.namespace = namespace
        self.selector = selector

    def __iter__(self) -> Iterator[Job]:
        """The jobs; in the order of their points, if this is a sweep."""
        if self._jobs:
            yield from self._jobs
            return
        found = [
            Job(self._api, resource)
            for page in self._api.pages(JOBS, self.namespace, selector=self.selector, size=_JOBS_PAGE)
            for resource in page["items"]
        ]
        yield from sorted(found, key=_point)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def wait(self, timeout: float | None = None, *, watcher: Watcher | None = None) -> list[Ending]:
        """Wait until all have ended, whatever becomes of the first; of a set that was sent, no others with its label.

        Args:
            timeout: Seconds; None waits for ever.
            watcher: Told of each change.

        Raises:
            WaitTimeoutError: Some go on.
            NotFoundError: There are none, or some were deleted meanwhile.
        """
        sent = frozenset(job.name for job in self._jobs)
        selection = Selection(self.namespace, self.selector, only=sent)
        endings = waiting.wait(self._api, selection, timeout=timeout, watcher=watcher)
        lacking = [ending for ending in endings if ending.gone or not ending.met]
        if lacking:
            first = lacking[0].error() or QuantumJobsError("unreachable: such an ending has an error")
            if len(lacking) > 1:
                raise type(first)(f"{first} (and {len(lacking) - 1} more of {len(endings)})")
            raise first
        return endings

    def readings(self) -> Harvest:
        """The counts of each job, in pages; jobs without counts are among them."""
        return Harvest(self._api, self.namespace, selector=self.selector)

    def counts(self) -> list[tables.Row]:
        """A row for each outcome of each job: job, state, the parameters, outcome, count."""
        return list(tables.rows(self.readings()))

    def to_pandas(self) -> Any:
        """The rows as a DataFrame (extra `table`)."""
        return tables.to_pandas(self.readings())

    def to_parquet(self, path: str | Path) -> None:
        """Write the rows to a Parquet file (extra `table`)."""
        tables.to_parquet(self.readings(), path)

    def cancel(self) -> None:
        """Cancel all that have not ended, and keep the resources."""
        for job in self:
            if job.outcome is facts.Outcome.RUNNING:
                job.cancel()

    def __repr__(self) -> str:
        return f"<JobSet {self.selector} in {self.namespace}>"


def _point(job: Job) -> tuple[int, str]:
    point = facts.label(job.resource, facts.POINT)
    return (int(point) if point.isdigit() else 0, job.name)
