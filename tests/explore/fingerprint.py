"""When two states are the same: a number for a state, in which nothing counts but what decides.

Times count as their distance from now, and no further back than anything compares with; resource versions count by
which of them is the current one; holders count in the order in which they appear. Texts of conditions count whole.
Must not live here: what a state is (`state`).
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from explore.clone import attributes
from explore.outside import Outside
from explore.parts import EPOCH, wall
from explore.process import FENCE, GRACE, SETTINGS, Process
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.quantumjob import QuantumJob

_HORIZON: Final[dict[str, float]] = {
    "claimed_at": SETTINGS.put_start_seconds,
    "absent_since": FENCE,
    "fenced_until": 0.0,
    "rival_until": 0.0,
    "asked_at": 30.0,
    "troubled_since": 60.0,
    "output_since": 600.0,
}
"""How far back a time is told from an earlier one; 0: only the future counts."""
_MOST_FAILURES: Final = 7
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_FIRST: Final = EPOCH - 1e5
_LAST: Final = EPOCH + 1e6
_SKIPPED: Final = frozenset({
    "time", "told", "_objects", "_settings", "_clock", "_metrics", "_events", "_slots", "_holder", "_materials",
    "settings", "clock", "objects", "listed", "_stop", "_thread", "heard_at", "beat_at", "connection", "newest",
    "_revision", "_lost", "tasks", "created", "size", "last_transition_time", "submission_time", "program", "fresh_at",
    "table", "_deeds", "managed",
})  # fmt: skip

Token = Any
Print = tuple[int, tuple[tuple[float, float], ...], tuple[tuple[str, str], ...], tuple[str, ...]]
HOLDER: Final = "process-"


class Shape:
    """What a process is, apart from now: tokens that never change, versions, and times."""

    __slots__ = ("_seen", "holders", "times", "tokens", "versions")

    def __init__(self) -> None:
        self.tokens: list[Token] = []
        self.holders: list[str] = []
        self.times: list[tuple[float, float]] = []
        self.versions: list[tuple[str, str]] = []
        self._seen: set[int] = set()

    def take(self, value: Any, name: str = "") -> None:  # noqa: C901 - one case a type
        """Walk through a value."""
        kind = type(value)
        if kind is float:
            self._number(value, name)
        elif kind is str and value.startswith(HOLDER):
            self.tokens.append("h")
            self.holders.append(value)
        elif kind is str or value is None or kind in (int, bool):
            self.tokens.append(min(value, _MOST_FAILURES) if name == "failures" else value)
        elif kind is QuantumJob:
            self._job(value)
        elif isinstance(value, str):
            self.tokens.append(str(value))
        elif isinstance(value, Mapping):
            self._mapping(value)
        elif kind in (set, frozenset):
            self.tokens.append(tuple(sorted(map(str, value))))
        elif kind in (list, tuple):
            self.tokens.append(len(value))
            for one in value:
                self.take(one)
        elif hasattr(kind, "__module__") and kind.__module__.startswith(("quantumjob_operator.", "explore.")):
            self._instance(value, kind)

    def _number(self, value: float, name: str) -> None:
        if _FIRST < value < _LAST:
            self.tokens.append("t")
            self.times.append((value, _HORIZON.get(name, GRACE)))
        elif name in {"fenced_until", "rival_until"}:
            self.tokens.append("t")
            self.times.append((max(value, _FIRST), 0.0))
        else:
            self.tokens.append(round(value, 1))

    def _mapping(self, value: Mapping[Any, Any]) -> None:
        self.tokens.append(len(value))
        for key in sorted(value, key=str):
            self.tokens.append(str(key))
            self.take(value[key])

    def _instance(self, value: Any, kind: type) -> None:
        if id(value) in self._seen:
            return
        frozen = getattr(getattr(kind, "__dataclass_params__", None), "frozen", False)
        if not frozen:
            self._seen.add(id(value))
        self.tokens.append(kind.__name__)
        names = _NAMES.get(kind)
        if names is None:
            fields = getattr(kind, "__dataclass_fields__", None)
            names = _NAMES[kind] = tuple(name for name in (fields or attributes(kind)) if name not in _SKIPPED)
        for name in names:
            self.take(getattr(value, name), name)
        for name, one in getattr(value, "__dict__", {}).items():
            if name not in _SKIPPED:
                self.take(one, name)

    def _job(self, job: QuantumJob) -> None:
        self.tokens.append(_static(job))
        self.versions.append((job.uid, job.resource_version))
        if job.claim:
            self.holders.append(job.claim.holder)
        cancellation = job.status.cancellation
        if cancellation and cancellation.answered_time:
            self.tokens.append(cancellation.answered_time)

    def frozen(self) -> "Print":
        """The tokens as one number, and what counts only beside the rest of a state."""
        return hash(tuple(self.tokens)), tuple(self.times), tuple(self.versions), tuple(self.holders)


_NAMES: Final[dict[type, tuple[str, ...]]] = {}
_JOBS: Final[dict[int, tuple[QuantumJob, int]]] = {}
_MOST_JOBS: Final = 200_000


def _static(job: QuantumJob) -> int:
    """An object but for its version and times; counted once for each version, since versions are values."""
    known = _JOBS.get(id(job))
    if known is None:
        if len(_JOBS) > _MOST_JOBS:
            _JOBS.clear()
        status = _TIME.sub("", repr(job.status))
        claim = job.claim and (job.claim.attempt, job.claim.uid)
        told = (job.uid, job.name, claim, job.finalizers, job.deletion_requested, job.generation)
        known = _JOBS[id(job)] = (job, hash((*told, repr(job.spec), status)))
    return known[1]


def _process(one: Process) -> Print:
    """Of a process; kept with it, because a process never changes."""
    if one.prints is None:
        shape = Shape()
        shape.take(one.base.queue)
        shape.take(one.base.cache)
        shape.take(one.base.workspaces)
        shape.take(one.base.reconciler)
        shape.take([(come.what, come.at, come.uid, come.answer, come.job, come.remote) for come in one.log])
        shape.take(list(one.inbox))
        shape.take(one.held)
        shape.take(one.paused_at)
        shape.take(list(one.applied))
        one.prints = shape.frozen()
    kept: Print = one.prints
    return kept


def fingerprint(outside: Outside, processes: tuple[Process | None, ...], rest: Any) -> int:
    """A number for a whole state.

    Args:
        outside: The world.
        processes: The operators; None for one that was killed and not started again yet.
        rest: What else counts: hashable, without times.
    """
    now = outside.now
    parts: list[Any] = [rest, outside.outputs, processes.count(None)]
    running = [one for one in processes if one is not None]
    # Which of two operators is the first is nobody's concern.
    running.sort(key=lambda one: _process(one)[0])
    names = {one.holder: number for number, one in enumerate(running)}
    for one in running:
        tokens, times, versions, holders = _process(one)
        parts.append(tokens)
        parts.append(tuple([max(round(at - now, 1), -horizon) for at, horizon in times]))
        parts.append(tuple([_is_current(outside, uid, version) for uid, version in versions]))
        parts.append(tuple([names.setdefault(holder, len(names)) for holder in holders]))
    for uid, job in sorted(outside.objects.items()):
        asked = job.status.cancellation
        parts.append((uid, _static(job), asked and asked.answered_time and _ago(asked.answered_time, now)))
        parts.append(job.claim and names.setdefault(job.claim.holder, len(names)))
    for job_id, runs in sorted(outside.runs.items()):
        parts.append(
            (job_id, tuple((run.job.status, run.job.tags, max(0.0, round(run.visible_at - now, 1))) for run in runs))
        )
    return hash(tuple(parts))


def _is_current(outside: Outside, uid: str, version: str) -> bool:
    live = outside.objects.get(uid)
    return live is not None and live.resource_version == version


def _ago(moment: str, now: float) -> int:
    """Seconds since a stamp, in whole tens: the grace period is long."""
    known = _AGES.get((moment, now))
    if known is None:
        here = stamp(wall(now))
        known = _AGES[moment, now] = _seconds(here) - _seconds(moment)
    return min(known, int(GRACE) + 60)


def _seconds(moment: str) -> int:
    days, (hours, minutes, seconds) = int(moment[8:10]), map(int, moment[11:19].split(":"))
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


_AGES: Final[dict[tuple[str, float], int]] = {}
