"""The API server, the service and time as one value: what the requests of all processes do.

Every change makes new dictionaries, so that a copy of the value costs nothing. Must not live here: what may happen
(`moves`) or what would be wrong (`judge`).
"""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

from explore.asks import Answer, Ask, Failure
from explore.money import BILL, BILLED, BUDGET, account_of
from explore.parts import EPOCH, wall
from explore.sharing import shared
from quantumjob_operator.cluster.api import ClusterError, Conflict, NotFound
from quantumjob_operator.model.budgetstatus import BudgetStatus
from quantumjob_operator.model.naming import FINALIZER, METADATA_UID
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.remotejob import CancelAnswer, RemoteJob
from rooms.lifecycle.observations import remote

ENDS: Final = frozenset({"Succeeded", "Failed", "Cancelled"})
_WITH_VERSION: Final = frozenset({"claim", "renounce", "release", "delete", "status", "ledger", "mark"})
Event = tuple[str | None, QuantumJob | QuantumBudget]


@dataclass(frozen=True, slots=True)
class Run:
    """One run that is billed."""

    job: RemoteJob
    visible_at: float

    @property
    def ended(self) -> bool:
        """Whether it costs nothing more."""
        return self.job.status in ENDS

    @property
    def uid(self) -> str:
        """Of the object that it was sent for."""
        return self.job.metadata[METADATA_UID]


class _Refused(Exception):  # noqa: N818 - says what happened
    def __init__(self, kind: type[ClusterError]) -> None:
        self.kind = kind
        super().__init__(kind.__name__)


@dataclass(slots=True)
class Outside:
    """Everything that is not a process of the operator.

    Attributes:
        hides_for: For how long an accepted job is hidden.
        cancelled: The ids of the jobs whose cancellation had its effect in the last step, with the job's object.
        events: What the watch has to tell of the last step.
        budget: That of the jobs, if there is one.
        priced: A job that succeeds is billed.
        keyed: Other objects may come to a job's id.
        unreserved: The ids of the jobs that were sent in the last step with nothing reserved for them.
    """

    hides_for: float
    now: float = EPOCH
    version: int = 0
    objects: dict[str, QuantumJob] = field(default_factory=dict)
    runs: dict[str, tuple[Run, ...]] = field(default_factory=dict)
    outputs: frozenset[str] = frozenset()
    cancelled: tuple[Run, ...] = ()
    events: tuple[Event, ...] = ()
    budget: QuantumBudget | None = None
    priced: bool = False
    keyed: bool = False
    unreserved: tuple[str, ...] = ()

    def do(self, ask: Ask) -> Answer:
        """A request has its effect."""
        try:
            return Answer(getattr(self, f"_{ask.name}")(*ask.args))
        except _Refused as refused:
            return Answer(error=Failure(refused.kind, ask.name, 404 if refused.kind is NotFound else 409))

    def is_moot(self, ask: Ask) -> bool:
        """Whether a request that is still on its way can't have an effect any more, whenever it arrives.

        A version that an object has left never comes back, nor does an object that is gone; an output stays written.
        """
        if ask.name == "output":
            return ask.args[0] in self.outputs
        if ask.name not in _WITH_VERSION:
            return False
        read = ask.args[0]
        live = self.live(read.uid)
        return live is None or live.resource_version != read.resource_version

    def live(self, uid: str) -> QuantumJob | QuantumBudget | None:
        """An object as it is."""
        return self.budget if uid == BUDGET else self.objects.get(uid)

    # --- the API server

    def put(self, job: QuantumJob) -> QuantumJob:
        """Store a version; one that nothing holds back any more goes."""
        self.version += 1
        version = str(self.version)
        fields = (job.uid, version, job.generation, job.created, job.claim, job.finalizers, job.deletion_requested)
        stored = shared(lambda: replace(job, resource_version=version), "stored", *fields, at=(job.spec, job.status))
        if stored.deletion_requested and not stored.finalizers:
            self.remove(stored)
        else:
            kind = "MODIFIED" if job.uid in self.objects else "ADDED"
            self.objects = {**self.objects, job.uid: stored}
            self.events = (*self.events, (kind, stored))
        return stored

    def remove(self, job: QuantumJob) -> None:
        """The object is gone; the event carries it as it was."""
        self.version += 1
        self.objects = {uid: one for uid, one in self.objects.items() if uid != job.uid}
        version = str(self.version)
        last = shared(lambda: replace(job, resource_version=version), "last", version, at=(job,))
        self.events = (*self.events, ("DELETED", last))

    def request_deletion(self, uid: str) -> None:
        """What a DELETE does."""
        job = self.objects[uid]
        if job.finalizers:
            self.put(replace(job, deletion_requested=True, generation=job.generation + 1))
        else:
            self.remove(job)

    def _live(self, read: QuantumJob) -> QuantumJob:
        live = self.objects.get(read.uid)
        if live is None:
            # Another object of this name has another uid, which the patch names as well.
            taken = any(one.name == read.name for one in self.objects.values())
            raise _Refused(Conflict if taken else NotFound)
        if live.resource_version != read.resource_version:
            raise _Refused(Conflict)
        return live

    def _read(self, _namespace: str, name: str) -> QuantumJob | None:
        return next((one for one in self.objects.values() if one.name == name), None)

    def _list(self, _namespace: str, key: str) -> list[QuantumJob]:
        return [one for one in self.objects.values() if one.spec.idempotency_key == key]

    def _claim(self, read: QuantumJob, claim: Any) -> QuantumJob:
        return self.put(replace(self._live(read), claim=claim, finalizers=(FINALIZER,)))

    def _renounce(self, read: QuantumJob) -> QuantumJob:
        return self.put(replace(self._live(read), claim=None, finalizers=()))

    def _release(self, read: QuantumJob) -> QuantumJob | None:
        try:
            released = self.put(replace(self._live(read), finalizers=()))
        except _Refused as refused:
            if refused.kind is NotFound:
                return None
            raise
        return None if released.deletion_requested else released

    def _delete(self, read: QuantumJob) -> None:
        self._live(read)
        self.request_deletion(read.uid)

    def _status(self, read: QuantumJob, status: Any) -> QuantumJob:
        return self.put(replace(self._live(read), status=status))

    def _output(self, uid: str) -> None:
        self.outputs |= {uid}

    # --- its budget

    def put_budget(self, budget: QuantumBudget) -> QuantumBudget:
        """Store a version; one that nothing holds back any more goes."""
        self.version += 1
        version = str(self.version)
        fields = (version, budget.generation, budget.finalizers, budget.deletion_requested)
        stored = shared(lambda: replace(budget, resource_version=version), "budget", *fields, at=(budget.status,))
        gone = stored.deletion_requested and not stored.finalizers
        kind = "DELETED" if gone else "MODIFIED" if self.budget else "ADDED"
        self.budget = None if gone else stored
        self.events = (*self.events, (kind, stored))
        return stored

    def _live_budget(self, read: QuantumBudget) -> QuantumBudget:
        if self.budget is None:
            raise _Refused(NotFound)
        if self.budget.resource_version != read.resource_version:
            raise _Refused(Conflict)
        return self.budget

    def _read_budget(self, _uid: str) -> QuantumBudget | None:
        return self.budget

    def _ledger(self, read: QuantumBudget, status: BudgetStatus) -> QuantumBudget:
        return self.put_budget(replace(self._live_budget(read), status=status))

    def _mark(self, read: QuantumBudget, finalizers: tuple[str, ...]) -> QuantumBudget | None:
        marked = self.put_budget(replace(self._live_budget(read), finalizers=finalizers))
        return marked if self.budget else None

    # --- the service

    def _visible(self, job_id: str) -> Run | None:
        return next((run for run in reversed(self.runs.get(job_id, ())) if run.visible_at <= self.now), None)

    def _get(self, job_id: str) -> RemoteJob | None:
        found = self._visible(job_id)
        return found.job if found else None

    def _put(self, job_id: str, metadata: Any) -> RemoteJob:
        shown = self.now + self.hides_for
        times: Any = {"creation_time": wall(self.now)} if self.priced else {}
        run = shared(
            lambda: Run(remote("Waiting", id=job_id, metadata=dict(metadata), **times), shown),
            *("sent", job_id, shown, len(self.runs.get(job_id, ()))),
            at=(metadata,),
        )
        if self.budget and job_id not in account_of(self.budget).jobs:
            self.unreserved = (*self.unreserved, job_id)
        self.runs = {**self.runs, job_id: (*self.runs.get(job_id, ()), run)}
        return run.job

    def _rows(self) -> list[RemoteJob]:
        visible = (run for runs in self.runs.values() for run in runs if run.visible_at <= self.now)
        return [run.job for run in visible]

    def _cancel(self, job_id: str) -> CancelAnswer:
        run = self._visible(job_id)
        if run is None:
            return CancelAnswer.ABSENT
        if run.ended:
            return CancelAnswer.NOT_CANCELLABLE
        self.cancelled = (*self.cancelled, run)
        self.move(run, "CancellationRequested")
        return CancelAnswer.ACCEPTED

    def _tag(self, job_id: str, tags: tuple[str, ...]) -> bool:
        run = self._visible(job_id)
        if run is None:
            raise _Refused(NotFound)
        marked = shared(lambda: replace(run, job=replace(run.job, tags=tags)), "marked", tags, at=(run,))
        runs = tuple(marked if one is run else one for one in self.runs[job_id])
        self.runs = {**self.runs, job_id: runs}
        return True

    def move(self, run: Run, word: str) -> None:
        """A job goes on."""
        bill = BILL if self.priced and word == "Succeeded" else None
        moved = shared(lambda: replace(run, job=replace(run.job, status=word, cost=bill)), "moved", word, at=(run,))
        runs = tuple(moved if one is run else one for one in self.runs[run.job.id])
        self.runs = {**self.runs, run.job.id: runs}

    def open_runs(self) -> list[Run]:
        """Those that still cost money."""
        return [run for runs in self.runs.values() for run in runs if not run.ended]

    def billed(self) -> Decimal:
        """The sum of all bills."""
        return sum((BILLED for runs in self.runs.values() for run in runs if run.job.cost), Decimal(0))

    def seen_by_poller(self, job_id: str) -> RemoteJob | None:
        """What a poll would answer now."""
        return self._get(job_id)
