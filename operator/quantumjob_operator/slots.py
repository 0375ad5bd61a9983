"""Places in a workspace: how many jobs may be at the service at a time, and who waits for one.

Lives here: counting what is in flight and waking who waits, in the order of waiting. Must not live here: what a job
without a place says in its status (`lifecycle.submission`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from quantumjob_operator.lifecycle.attempts import has_ended
from quantumjob_operator.lifecycle.facts import Trouble
from quantumjob_operator.quantumjob import QuantumJob
from quantumjob_operator.quantumworkspace import QuantumWorkspace

FULL = "MaxJobsInFlight"


def in_flight(job: QuantumJob) -> bool:
    """Whether an attempt of the job is, or may be, at the service."""
    return job.has_finalizer and not job.status.finished and not has_ended(job)


@dataclass(slots=True)
class Slots:
    """The places of all workspaces, by canonical workspace id.

    Attributes:
        jobs: All known jobs, for the first count of a workspace after a start.
        emptied: Called with a workspace's id when its last place became free.
        wake: Called with the uid of a job for which a place may be free now.
    """

    jobs: Callable[[], Iterable[QuantumJob]]
    wake: Callable[[str], None]
    emptied: Callable[[str], None]
    _taken: dict[str, dict[str, str]] = field(default_factory=dict)
    _waiting: dict[str, dict[str, None]] = field(default_factory=dict)
    _where: dict[str, str] = field(default_factory=dict)

    def take(self, workspace: QuantumWorkspace, job: QuantumJob) -> Trouble | None:
        """A place for the job, kept until `free`; or why there is none.

        A job that is in flight already has its place, whatever the limit says now.
        """
        taken = self._count(workspace.id)
        if job.uid not in taken and not in_flight(job):
            spec = workspace.spec
            same = sum(1 for namespace in taken.values() if namespace == job.namespace)
            for field_name, limit, count in (
                ("maxJobsInFlight", spec.max_jobs_in_flight, len(taken)),
                ("maxJobsInFlightPerNamespace", spec.max_jobs_in_flight_per_namespace, same),
            ):
                if limit is not None and count >= limit:
                    self._waiting.setdefault(workspace.id, {})[job.uid] = None
                    name = f"{workspace.namespace}/{workspace.name}"
                    message = f"spec.{field_name} of QuantumWorkspace {name} is {limit}; the job waits for a free place"
                    return Trouble(FULL, message)
        taken[job.uid] = job.namespace
        self._where[job.uid] = workspace.id
        return None

    def count(self, workspace_id: str) -> int:
        """How many jobs have a place in a workspace."""
        return len(self._count(workspace_id))

    def free(self, uid: str) -> None:
        """The job is at the service no longer; whoever waits longest is looked at."""
        place = self._where.pop(uid, None)
        if place is None:
            return
        self._taken[place].pop(uid, None)
        if not self._taken[place]:
            self.emptied(place)
        waiting = self._waiting.get(place)
        if waiting:
            first = next(iter(waiting))
            del waiting[first]
            self.wake(first)

    def _count(self, workspace_id: str) -> dict[str, str]:
        known = self._taken.get(workspace_id)
        if known is None:
            claimed = [job for job in self.jobs() if job.claim and job.claim.workspace == workspace_id]
            known = self._taken[workspace_id] = {job.uid: job.namespace for job in claimed if in_flight(job)}
            self._where |= dict.fromkeys(known, workspace_id)
        return known
