"""The API server as a model: objects with resource versions, finalizers, and watchers that learn of each change."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from quantumjob_operator.model.jobstatus import JobStatus, parse_status, status_json, status_patch
from quantumjob_operator.model.naming import FINALIZER
from quantumjob_operator.model.quantumjob import Claim, JobSpec, QuantumJob
from rooms.lifecycle.world.calls import Clock, Conflict, Gone
from rooms.model.mergepatch import merged

Watcher = Callable[[str, QuantumJob | None], None]


@dataclass(slots=True)
class ApiServer:
    """QuantumJobs by uid.

    Attributes:
        outputs: The uids of jobs whose output ConfigMap was written.
        told: When the unconfirmed end of a job was told by a Warning Event, by its uid.
        past: Every version that an object ever had, for restores.
        clock: Virtual seconds.
    """

    clock: Clock

    objects: dict[str, QuantumJob] = field(default_factory=dict)
    outputs: set[str] = field(default_factory=set)
    told: dict[str, float] = field(default_factory=dict)
    past: dict[str, list[QuantumJob]] = field(default_factory=dict)
    watchers: list[Watcher] = field(default_factory=list)
    _versions: int = 0

    def put(self, job: QuantumJob) -> QuantumJob:
        """Store a version and let everybody know; one that nothing holds back any more goes."""
        if job.deletion_requested and not job.finalizers:
            self._gone(job)
            return job
        self._versions += 1
        stored = replace(job, resource_version=str(self._versions))
        self.objects[job.uid] = stored
        self.past.setdefault(job.uid, []).append(stored)
        for watcher in self.watchers:
            watcher(job.uid, stored)
        return stored

    def claim(self, read: QuantumJob, claim: Claim) -> QuantumJob:
        """Finalizer and claim, by compare-and-swap."""
        finalizers = read.finalizers if read.has_finalizer else (*read.finalizers, FINALIZER)
        return self.put(replace(self._unchanged(read), claim=claim, claim_unreadable=False, finalizers=finalizers))

    def renounce(self, read: QuantumJob) -> QuantumJob:
        """Neither finalizer nor claim."""
        return self.put(replace(self._unchanged(read), claim=None, finalizers=()))

    def release(self, read: QuantumJob) -> QuantumJob | None:
        """No finalizer; an object that is being deleted goes with it."""
        self.put(replace(self._unchanged(read), finalizers=()))
        return self.objects.get(read.uid)

    def write_status(self, read: QuantumJob, status: JobStatus) -> QuantumJob:
        """A merge patch of what differs, as it passes over the wire."""
        patch = status_patch(read.status, status)
        if not patch:
            return read
        live = self._unchanged(read)
        return self.put(replace(live, status=parse_status(merged(status_json(live.status), patch))))

    def tell(self, uid: str) -> None:
        """A Warning Event that the end of a job is not confirmed."""
        self.told[uid] = self.clock.now

    def delete(self, uid: str) -> None:
        """What a user's deletion, or that of a TTL, does."""
        job = self.objects.get(uid)
        if job is None or job.deletion_requested:
            return
        if job.finalizers:
            self.put(replace(job, deletion_requested=True, generation=job.generation + 1))
        else:
            self._gone(job)

    def delete_unchanged(self, read: QuantumJob) -> None:
        """A deletion with preconditions."""
        self._unchanged(read)
        self.delete(read.uid)

    def edit(self, uid: str, change: Callable[[JobSpec], JobSpec]) -> None:
        """What a user's edit of the spec does."""
        job = self.objects[uid]
        spec = change(job.spec)
        if spec != job.spec:
            self.put(replace(job, spec=spec, generation=job.generation + 1))

    def _unchanged(self, read: QuantumJob) -> QuantumJob:
        live = self.objects.get(read.uid)
        if live is None:
            raise Gone(read.uid)
        if live.resource_version != read.resource_version:
            raise Conflict(read.uid)
        return live

    def _gone(self, job: QuantumJob) -> None:
        del self.objects[job.uid]
        for watcher in self.watchers:
            watcher(job.uid, None)
