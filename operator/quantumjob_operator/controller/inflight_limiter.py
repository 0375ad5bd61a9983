"""In-flight slots of a workspace: how many jobs may be in Azure Quantum at a time, and who waits for one.

Lives here: counting what is in flight, and giving slots that become free to namespaces round-robin. All is counted by
QuantumWorkspace object, so that nobody fills another tenant's slots, or keeps their object from being deleted, by an
object of their own that names the same Azure workspace. Must not live here: what a job without a slot says in its
status (`lifecycle.submission`), or which object serves a job (`lifecycle.admission`).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from quantumjob_operator.lifecycle.admission import bound_to
from quantumjob_operator.lifecycle.observation import Trouble
from quantumjob_operator.lifecycle.slots import FULL, holds_slot
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumworkspace import Name, QuantumWorkspace
from quantumjob_operator.scheduling.fair_queue import FairQueue

_FEW: Final = 10
"""Places that are told one by one."""
OFFER_SECONDS: Final = 10.0
"""For so long a slot is kept for a job that was given it, and whose reconciliation is the next of its namespace."""
MISSED_SECONDS: Final = 60.0
"""For so long at least a namespace that missed a slot is given none that it does not ask for at that moment."""


@dataclass(slots=True)
class Inflight:
    """The way into a workspace through one QuantumWorkspace: its limits, who is in, who waits.

    Attributes:
        counted: How many objects of this name were counted, and are not gone.
    """

    limit: int | None = None
    limit_each: int | None = None
    counted: int = 0
    admitted: "Counter[str]" = field(default_factory=Counter)
    waiting: FairQueue[str] = field(default_factory=FairQueue)
    missed: dict[str, float] = field(default_factory=dict)
    """Until when a namespace is given nothing that it does not ask for, and after that until it asks."""

    def may_be_given(self, namespace: str) -> bool:
        """Whether a slot may be kept for a job of this namespace, which is not asking at this moment."""
        return namespace not in self.missed and self.full_for(namespace) is None

    def note_missed(self, namespace: str, now: float) -> None:
        """A job of this namespace was given a slot and has not asked for it in time."""
        waits = self.waiting.tenants()
        self.missed = {one: until for one, until in self.missed.items() if until > now or one in waits}
        self.missed[namespace] = now + MISSED_SECONDS

    def asks(self, namespace: str, now: float) -> None:
        """A job of this namespace is being reconciled, and asks."""
        if self.missed.get(namespace, now) < now:
            del self.missed[namespace]

    def full_for(self, namespace: str) -> tuple[str, int] | None:
        """The field of the limit that keeps a job of this namespace out, and its value."""
        if self.limit is not None and self.admitted.total() >= self.limit:
            return "maxJobsInFlight", self.limit
        if self.limit_each is not None and self.has_its_share(namespace):
            return "maxJobsInFlightPerNamespace", self.limit_each
        return None

    def has_its_share(self, namespace: str) -> bool:
        """Whether a namespace has as many slots as it may have, so that it keeps no other waiting."""
        return self.limit_each is not None and self.admitted[namespace] >= self.limit_each


@dataclass(frozen=True, slots=True)
class Slot:
    """A job's slot: through which QuantumWorkspace, for which namespace."""

    through: Name
    namespace: str


@dataclass(slots=True)
class InflightLimiter:
    """The slots of all workspaces.

    Attributes:
        jobs: The jobs that a QuantumWorkspace may serve, for its first count.
        exists: Whether there is a QuantumWorkspace with a uid: one that is gone is never counted again.
        serving: The name of the QuantumWorkspace that serves a claimed job, or None; no claim is believed beyond it.
        wake: Called with the uid of a job that was given a slot.
        left: Called with the name of a QuantumWorkspace when a job gave its slot back.
        clock: Monotonic seconds.
    """

    jobs: Callable[[Name], Iterable[QuantumJob]]
    exists: Callable[[str], bool]
    serving: Callable[[QuantumJob], Name | None]
    wake: Callable[[str], None]
    left: Callable[[Name], None]
    clock: Callable[[], float]
    _counted: dict[str, Name] = field(default_factory=dict)
    _slots: dict[str, Slot] = field(default_factory=dict)
    _inflight: dict[Name, Inflight] = field(default_factory=dict)
    _waiting: dict[str, Slot] = field(default_factory=dict)
    _offered: dict[str, float] = field(default_factory=dict)
    """When a slot was given to a job that was not asking at that moment, until it asks again."""
    _told: dict[str, int] = field(default_factory=dict)
    """How many jobs go before one that waits, as its status says."""

    def take(
        self,
        workspace: QuantumWorkspace,
        job: QuantumJob,
        *,
        ours: bool = False,
        may_run: bool = False,
        unsent: bool = False,
        first: bool = False,
    ) -> Trouble | None:
        """A slot for the job, kept until `free`; or why there is none.

        A job that surely is in flight already has its slot, whatever the limit says now. A slot that became free goes
        to the namespace whose turn it is before that one's job is reconciled, so that nobody overtakes it meanwhile;
        for some seconds, since that job may ask no more. Only who could be sent at once asks, or it would block others.

        Args:
            workspace: The object that serves it.
            job: Who asks.
            ours: As for `holds_slot`.
            may_run: As for `holds_slot`.
            unsent: As for `holds_slot`.
            first: A budget keeps something for it: it had a slot already, and goes before the others of its namespace.
        """
        self._count(workspace)
        inflight = self._inflight.setdefault(workspace.key, Inflight())
        inflight.limit = workspace.spec.max_jobs_in_flight
        inflight.limit_each = workspace.spec.max_jobs_in_flight_per_namespace
        slot = Slot(workspace.key, job.namespace)
        self._offered.pop(job.uid, None)
        self._withdraw(workspace.key)
        inflight.asks(job.namespace, self.clock())
        if holds_slot(job, ours=ours, may_run=may_run, unsent=unsent):
            if self._slots.get(job.uid) not in (None, slot):
                self.free(job.uid)
            self._enter(job.uid, slot)
        elif self._slots.get(job.uid) != slot:
            self.free(job.uid)
            self._wait(job.uid, slot, inflight, first=first)
            self._admit(inflight, asking=job.uid)
        if job.uid in self._slots:
            return None
        field_name, limit = inflight.full_for(job.namespace) or ("maxJobsInFlight", inflight.limit)
        name = f"{workspace.namespace}/{workspace.name}"
        place = _spelt(self._place(job.uid, slot, inflight))
        message = f"spec.{field_name} of QuantumWorkspace {name} is {limit}; the job waits for a free slot, {place}"
        return Trouble(FULL, message)

    def _place(self, uid: str, slot: Slot, inflight: Inflight) -> int:
        """How many jobs go before one that waits, as it is told: anew only when much has changed, since each tells."""
        ahead = inflight.waiting.ahead(
            slot.namespace, uid, lambda other: not (inflight.has_its_share(other) or other in inflight.missed)
        )
        told = self._told.get(uid)
        if told is None or ahead < _FEW or not told / 2 < ahead < told * 2:
            self._told[uid] = ahead
        return self._told[uid]

    def admitted(self, workspace: QuantumWorkspace) -> Mapping[str, int]:
        """How many jobs of which namespaces have a slot that they got through an object; empty if none has."""
        self._count(workspace)
        return dict(self._inflight.setdefault(workspace.key, Inflight()).admitted)

    def free(self, uid: str) -> None:
        """The job is at the service no longer: the next in the queue has its slot."""
        self._offered.pop(uid, None)
        slot = self._slots.pop(uid, None)
        if slot is None:
            return
        inflight = self._inflight[slot.through]
        inflight.admitted[slot.namespace] -= 1
        if not inflight.admitted[slot.namespace]:
            del inflight.admitted[slot.namespace]
        self._admit(inflight)
        self._tidy(slot.through)
        self.left(slot.through)

    def forget(self, uid: str) -> None:
        """The object is gone: it has no slot and waits for none."""
        self._leave_queue(uid)
        self.free(uid)

    def forget_workspace(self, uid: str) -> None:
        """The QuantumWorkspace is gone; what was sent through it keeps its slot until that is over."""
        if name := self._counted.pop(uid, None):
            self._inflight[name].counted -= 1
            self._tidy(name)

    def _tidy(self, name: Name) -> None:
        known = self._inflight.get(name)
        if known and not known.admitted and not len(known.waiting) and not known.counted:
            del self._inflight[name]

    def _admit(self, inflight: Inflight, asking: str = "") -> None:
        """Give the slots that are free to those that wait, namespace by namespace; then to the one that asks."""
        while (taken := inflight.waiting.pop(inflight.may_be_given)) is not None:
            _, uid = taken
            self._enter(uid, self._waiting.pop(uid))
            if uid != asking:
                self._offered[uid] = self.clock()
                self.wake(uid)
        slot = self._waiting.get(asking)
        if slot and inflight.full_for(slot.namespace) is None:
            self._enter(asking, slot)

    def _withdraw(self, name: Name) -> None:
        """Slots that were offered and not taken up go on to the next; whoever missed its own may ask again.

        Else the jobs of a namespace whose reconciliations take long would keep a slot idle, one after the other.
        """
        now = self.clock()
        late = [uid for uid, since in self._offered.items() if since <= now - OFFER_SECONDS]
        for uid in [uid for uid in late if self._slots[uid].through == name]:
            self._inflight[name].note_missed(self._slots[uid].namespace, now)
            self.free(uid)

    def stands_in_line(self, workspace: QuantumWorkspace, job: QuantumJob) -> bool:
        """Whether a job waits for a slot: nothing else kept it back when it came, and all is read at its turn."""
        return self._waiting.get(job.uid) == Slot(workspace.key, job.namespace)

    def waits_for_others(self, uid: str) -> bool:
        """Whether a job waits for a slot that somebody else has, and would be given it."""
        slot = self._waiting.get(uid)
        inflight = self._inflight.get(slot.through) if slot else None
        if slot is None or inflight is None or inflight.has_its_share(slot.namespace):
            return False
        return slot.namespace not in inflight.missed and inflight.admitted.keys() != {slot.namespace}

    def _wait(self, uid: str, slot: Slot, inflight: Inflight, *, first: bool) -> None:
        if self._waiting.get(uid) != slot:
            self._leave_queue(uid)
            self._waiting[uid] = slot
            (inflight.waiting.push_first if first else inflight.waiting.push)(slot.namespace, uid)

    def _leave_queue(self, uid: str) -> None:
        left = self._waiting.pop(uid, None)
        self._told.pop(uid, None)
        if left:
            self._inflight[left.through].waiting.discard(left.namespace, uid)
            self._tidy(left.through)

    def _enter(self, uid: str, slot: Slot) -> None:
        self._leave_queue(uid)
        if uid not in self._slots:
            self._slots[uid] = slot
            self._inflight.setdefault(slot.through, Inflight()).admitted[slot.namespace] += 1

    def _count(self, workspace: QuantumWorkspace) -> None:
        """After a start, the jobs that were claimed through a workspace have their slots before anybody else."""
        if workspace.uid in self._counted or not self.exists(workspace.uid):
            return
        self._counted[workspace.uid] = workspace.key
        self._inflight.setdefault(workspace.key, Inflight()).counted += 1
        for job in self.jobs(workspace.key):
            bound = bound_to(job) == workspace.id
            if bound and holds_slot(job, may_run=True) and self.serving(job) == workspace.key:
                self._enter(job.uid, Slot(workspace.key, job.namespace))


def _spelt(ahead: int) -> str:
    """A place in the queue for people, who are told of changes only when they are large."""
    if ahead == 0:
        return "as the next"
    about = "" if ahead < _FEW else "about "
    return f"after {about}{ahead} other{'s' if ahead > 1 else ''}"
