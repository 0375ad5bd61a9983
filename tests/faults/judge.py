"""The verdict on a campaign: a pure function of what users asked for, what was paid, and what the cluster shows.

Rules, each a function below:
1. Billed twice: a remote job with more than one paid run, or an object with more paid attempts than were asked for.
2. Lost: a live object that should run and has no remote job; or whose remote job is final, or runs, and whose status
   says something else; or that says Succeeded while its output is not there.
3. Orphaned: a remote job that is not final while its object is gone and was not to leave it behind.
4. Stuck: an object that has come to rest in a state that is no end.
5. Released with a warning: an object that went without a confirmed end, although cancelling was possible.
6. An orphan was cancelled: a remote job that was to be left without an object, whose end nobody asked for.
7. A repeated Event: the same twice in a row on one object, or counted more than once, and more often than status came
   to say it. A process that is killed between the two writes what it tells no more: then a condition went and came
   again, and only its coming was told.
8. A budget: see `purse`.
9. A false alarm: a report of a job without its object, although the object is there, let the job go on purpose, or went
   in good order: deleted neither all too soon nor while an operator was killed or stopped.

Must not live here: how the evidence is gathered (`evidence`), or when (`campaign`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Final

from faults.purse import Purse

FINAL: Final = frozenset({"Succeeded", "Failed", "Cancelled"})
_HASTY_SECONDS: Final = 1.0
"""The hasty users of the campaign delete within 0.4 s; the rest is what a busy machine adds."""
_ENDED_RUNS: Final = FINAL | {"Superseded", "RecordDeleted"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What users asked of one object in all its life.

    Attributes:
        uid: The object.
        name: `namespace/name`, for people.
        attempts: How many paid attempts were asked for: one, and one more for each resumption and allowed retry.
        orphan: The remote job was to be left without an object at deletion.
        endable: The end of its job may have been asked for all the same: by cancel or suspend, before it was to be left
            behind, or through another object with its idempotency key.
        made: When it was there (seconds of the wall clock).
        deleted: When its deletion was asked for; None if never.
    """

    uid: str
    name: str
    attempts: int = 1
    orphan: bool = False
    endable: bool = False
    made: float = 0.0
    deleted: float | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A paid run, as the workspace's ledger has it.

    Attributes:
        job: Id of the remote job; a second run of it is a second row.
        uid: The object that its metadata names.
        status: Where it is, or how it ended.
    """

    job: str
    uid: str
    status: str

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.status in _ENDED_RUNS


@dataclass(frozen=True, slots=True)
class Seen:
    """An object as the cluster shows it after everything has come to rest.

    Attributes:
        state: `.status.state`; empty if it has none.
        job: `.status.jobId`.
        finished: Its condition `Finished` is True.
        suspended: `.spec.suspend`.
        cancelled: `.spec.cancel`.
        leaving: It is being deleted, or still held by the finalizer after its end.
        output: Its ConfigMap is there and names its job.
    """

    uid: str
    state: str = ""
    job: str | None = None
    finished: bool = False
    suspended: bool = False
    cancelled: bool = False
    leaving: bool = False
    output: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """An object that went although the end of its job was not confirmed.

    Attributes:
        name: `namespace/name`.
        impossible: Cancelling was impossible for the whole grace period.
    """

    name: str
    impossible: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """An Event at the API server.

    Attributes:
        uid: The object that it is about.
        count: How often it happened, as it says itself.
    """

    uid: str
    reason: str
    message: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Alarm:
    """An operator's report of a job that runs without its object, and when it was written."""

    uid: str
    text: str
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that the verdict rests on.

    Attributes:
        told: In the order in which it was told.
        begun: How often the status of an object (`namespace/name`) came to say something: reason and message.
        interruptions: From when to when an operator was stopped; a moment if it was killed.
    """

    wishes: Sequence[Wish]
    runs: Sequence[Run] = ()
    objects: Sequence[Seen] = ()
    releases: Sequence[Release] = ()
    told: Sequence[Told] = ()
    begun: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    alarms: Sequence[Alarm] = ()
    interruptions: Sequence[tuple[float, float]] = ()
    purses: Sequence[Purse] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The violations, each as a sentence that names its object."""

    lost: tuple[str, ...] = ()
    billed_twice: tuple[str, ...] = ()
    orphaned_running: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    released_with_warning: tuple[str, ...] = ()
    orphans_cancelled: tuple[str, ...] = ()
    repeated_events: tuple[str, ...] = ()
    false_alarms: tuple[str, ...] = ()
    budget_overspent: tuple[str, ...] = ()
    budget_entries_left: tuple[str, ...] = ()
    budget_mismatch: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether nothing was violated."""
        return not any(getattr(self, each.name) for each in fields(self))


def judge(evidence: Evidence) -> Verdict:
    """Find every violation."""
    wishes = {wish.uid: wish for wish in evidence.wishes}
    objects = {seen.uid: seen for seen in evidence.objects}
    return Verdict(
        lost=tuple(_lost(evidence, wishes)),
        billed_twice=tuple(_billed_twice(evidence, wishes)),
        orphaned_running=tuple(_orphaned(evidence, wishes, objects)),
        stuck=tuple(_stuck(evidence, wishes)),
        released_with_warning=tuple(one.name for one in evidence.releases if not one.impossible),
        orphans_cancelled=tuple(_cancelled_orphans(evidence, wishes)),
        repeated_events=tuple(_repeated(evidence, wishes)),
        false_alarms=tuple(_false_alarms(evidence, wishes, objects)),
        budget_overspent=tuple(f"{one.name}: reserved {text}" for one in evidence.purses for text in one.overspent),
        budget_entries_left=tuple(
            f"{one.name}: {job} is still reserved" for one in evidence.purses for job in one.left
        ),
        budget_mismatch=tuple(text for one in evidence.purses for text in one.mismatches()),
    )


def _billed_twice(evidence: Evidence, wishes: Mapping[str, Wish]) -> Iterator[str]:
    # By the job alone: with an idempotency key the second run may name another object.
    owners = {run.job: run.uid for run in evidence.runs}
    for job, count in Counter(run.job for run in evidence.runs).items():
        if count > 1:
            yield f"{_name(wishes, owners[job])}: job {job} was paid {count} times"
    attempts: defaultdict[str, set[str]] = defaultdict(set)
    for run in evidence.runs:
        attempts[run.uid].add(run.job)
    for uid, jobs in attempts.items():
        asked = wishes[uid].attempts if uid in wishes else 0
        if len(jobs) > asked:
            yield f"{_name(wishes, uid)}: {len(jobs)} attempts were paid and {asked} asked for"


def _lost(evidence: Evidence, wishes: Mapping[str, Wish]) -> Iterator[str]:
    by_job = {run.job: run for run in evidence.runs}
    billed = {run.uid for run in evidence.runs}
    for seen in evidence.objects:
        name, run = _name(wishes, seen.uid), by_job.get(seen.job or "")
        if seen.uid not in billed and not _may_be_unbilled(seen):
            yield f"{name}: no remote job, and it says {seen.state or 'nothing'}"
        elif run is not None and run.ended and seen.state != run.status:
            yield f"{name}: its job {run.job} is {run.status}, and it says {seen.state or 'nothing'}"
        elif seen.finished and run is not None and not run.ended:
            yield f"{name}: its job {run.job} is {run.status}, and it says that it has ended as {seen.state}"
        elif seen.finished and run is None and not (seen.cancelled and seen.state == "Cancelled"):
            yield f"{name}: it says {seen.state} of a job {seen.job} that was never accepted"
        elif seen.state == "Succeeded" and not seen.output:
            yield f"{name}: it says Succeeded, and its output is not there"


def _may_be_unbilled(seen: Seen) -> bool:
    """Nothing was to be sent for it, or it took over what another object with its key had sent."""
    held = seen.suspended and seen.state == "Suspended"
    never = seen.cancelled and seen.state == "Cancelled"
    return held or never or seen.leaving or seen.job is not None


def _orphaned(evidence: Evidence, wishes: Mapping[str, Wish], objects: Mapping[str, Seen]) -> Iterator[str]:
    for run in evidence.runs:
        orphan = run.uid in wishes and wishes[run.uid].orphan
        if not run.ended and run.uid not in objects and not orphan:
            yield f"{_name(wishes, run.uid)}: it is gone, and its job {run.job} is {run.status}"


def _cancelled_orphans(evidence: Evidence, wishes: Mapping[str, Wish]) -> Iterator[str]:
    for run in evidence.runs:
        wish = wishes.get(run.uid)
        if wish and wish.orphan and not wish.endable and run.status == "Cancelled":
            yield f"{wish.name}: its job {run.job} was to be left without an object, and was cancelled"


def _repeated(evidence: Evidence, wishes: Mapping[str, Wish]) -> Iterator[str]:
    last: dict[str, Told] = {}
    times: Counter[tuple[str, str, str]] = Counter()
    for told in evidence.told:
        said, name, before = (told.reason, told.message), _name(wishes, told.uid), last.get(told.uid)
        times[told.uid, *said] += told.count
        again = told.count > 1 or (before is not None and (before.reason, before.message) == said)
        if again and times[told.uid, *said] > evidence.begun.get((name, *said), 0):
            yield f"{name}: told again: {told.reason}: {told.message}"
        last[told.uid] = told


def _stuck(evidence: Evidence, wishes: Mapping[str, Wish]) -> Iterator[str]:
    running = {run.uid for run in evidence.runs if not run.ended}
    for seen in evidence.objects:
        rests = seen.finished or (seen.suspended and seen.state == "Suspended" and seen.uid not in running)
        if seen.leaving or not rests:
            action = "leaves and is still there" if seen.leaving else f"rests at {seen.state or 'no state'}"
            yield f"{_name(wishes, seen.uid)}: it {action}"


def _false_alarms(evidence: Evidence, wishes: Mapping[str, Wish], objects: Mapping[str, Seen]) -> Iterator[str]:
    for alarm in evidence.alarms:
        wish = wishes.get(alarm.uid)
        if wish is None or wish.orphan or alarm.uid in objects or not _may_be_missed(wish, alarm, evidence):
            yield f"{_name(wishes, alarm.uid)}: {alarm.text}"


def _may_be_missed(wish: Wish, alarm: Alarm, evidence: Evidence) -> bool:
    """Whether the object could go without an operator that knew it seeing its job to an end."""
    if wish.deleted is None:
        return False
    interrupted = any(begin <= alarm.at and wish.made <= end for begin, end in evidence.interruptions)
    return interrupted or wish.deleted - wish.made <= _HASTY_SECONDS


def _name(wishes: Mapping[str, Wish], uid: str) -> str:
    return wishes[uid].name if uid in wishes else f"unknown object {uid}"
