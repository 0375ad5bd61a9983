"""When two states are the same: a number for a state, in which nothing counts but what decides.

Times count as their distance from now, and no further back than anything compares with; resource versions count by
which of them is the current one; holders count in the order in which they appear. Texts of conditions count whole.
Must not live here: what a state is (`state`).
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from explore.clone import attributes
from explore.money import DAY
from explore.outside import Outside
from explore.parts import EPOCH, TURN
from explore.process import Core, Process
from explore.told import HOLDER, holders_of, moment, static, static_budget
from explore.wiring import FENCE, GRACE, LONG, SETTINGS, new_parts
from quantumjob_operator.controller.spending import valid_for
from quantumjob_operator.lifecycle.fence import FenceState
from quantumjob_operator.lifecycle.unsent import Unsent
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.scheduling.fair_queue import FairQueue

_HORIZON: Final[dict[str, float]] = {
    "due": 0.0,
    "paused_at": LONG,
    "claimed_at": SETTINGS.put_start_seconds,
    "absent_since": FENCE,
    "fenced_until": 0.0,
    "hidden_until": 0.0,
    "_last_word": 0.0,
    "_sent": 0.0,
    "_missed": 0.0,
    "rival_until": 0.0,
    "asked_at": 30.0,
    "troubled_since": 60.0,
    "asking_since": 60.0,
    "output_since": 600.0,
    "_looked": 60.0,
    "_offered": 30.0,
    "missed": 0.0,
    "_idle": 5.0,
    "_until": 0.0,
    "reserved_at": valid_for(SETTINGS).total_seconds() + FENCE + 1.0,
}
"""How far back a time is told from an earlier one; 0: only the future counts.

What a process remembers is told between two reconciliations, so that only the next one's questions count: whether a
claim lets a PUT start (`may_start`), a fence is over (`fence_left`, `Submitter.fence_until`), an absence has lasted
(`absence_left`), the service was asked lately (`since_cancel`), something is due. A pause goes on to its two steps, and
then has no more of them. Everything else counts as far back as the grace period, the longest of all.
"""
_MOST_FAILURES: Final = 7
_FAILURES: Final = frozenset({"failures", "_failures", "unread", "conflicts"})
_RENEWED: Final[dict[type, set[str]]] = {FenceState: {"asked_at", "absent_at"}, Unsent: {"attempt"}}
"""What the beginning of each reconciliation sets anew (`FenceState.met`): a process is told between two of them.

And what only the count of slots asks for, which are without limit here."""
_NEVER_IS_LONG_AGO: Final = frozenset({"claimed_at", "asked_at"})
"""Times that are asked one question only: whether they are so near (`FenceState.may_start`)."""
_FIRST: Final = EPOCH - 1e5
_LONG_AGO: Final = EPOCH - 5e4
_LAST: Final = EPOCH + 1e6
_SKIPPED: Final = frozenset({
    "time", "told", "_objects", "_settings", "_clock", "_metrics", "_events", "_slots", "_holder", "_materials",
    "settings", "clock", "objects", "listed", "_stop", "_thread", "heard_at", "beat_at", "connection", "newest",
    "_revision", "_lost", "tasks", "created", "size", "last_transition_time", "submission_time", "program", "fresh_at",
    "table", "_deeds", "managed", "duration", "_indexes", "_told", "_gone", "_cleaned", "by_key", "by_way",
    "_hurried", "_left_in", "_refused", "doubts", "_doubts",
})  # fmt: skip

Token = Any
Print = tuple[int, tuple[tuple[float, float], ...], tuple[tuple[str, str], ...], tuple[str, ...]]


class Shape:
    """What a process is, apart from now: tokens that never change, versions, and times."""

    __slots__ = ("_seen", "holders", "times", "tokens", "versions")

    def __init__(self) -> None:
        self.tokens: list[Token] = []
        self.holders: list[str] = []
        self.times: list[tuple[float, float]] = []
        self.versions: list[tuple[str, str]] = []
        self._seen: set[int] = set()

    def take(self, value: Any, name: str = "") -> None:
        """Walk through a value."""
        kind = type(value)
        taker = _TAKERS.get(kind)
        if taker is None:
            taker = _TAKERS[kind] = _taker_of(kind)
        taker(self, value, name)

    def _nothing(self, _value: Any, _name: str) -> None:
        """Functions and foreign objects don't change."""

    def _text(self, value: str, _name: str) -> None:
        if "process-" in value:
            self.holders += HOLDER.findall(value)
            value = HOLDER.sub("h", value)
        self.tokens.append(str(value))

    def _small(self, value: Any, name: str) -> None:
        if value is None and name in _NEVER_IS_LONG_AGO:
            self._number(_LONG_AGO, name)
        else:
            self.tokens.append(min(value, _MOST_FAILURES) if name in _FAILURES else value)

    def _set(self, value: Any, _name: str) -> None:
        self.tokens.append(tuple(sorted(map(str, value))))

    def _sequence(self, value: Any, _name: str) -> None:
        self.tokens.append(len(value))
        for one in value:
            self.take(one)

    def _number(self, value: float, name: str) -> None:
        if _FIRST < value < _LAST:
            self.tokens.append("t")
            self.times.append((value, _HORIZON.get(name, GRACE)))
        elif name in {"fenced_until", "rival_until"}:
            self.tokens.append("t")
            self.times.append((max(value, _LONG_AGO), 0.0))
        else:
            self.tokens.append(round(value, 1))

    def _mapping(self, value: Mapping[Any, Any], name: str) -> None:
        self.tokens.append(len(value))
        for key in sorted(value, key=str):
            self.tokens.append(str(key))
            self.take(value[key], name)

    def _instance(self, value: Any, _name: str) -> None:
        kind = type(value)
        if id(value) in self._seen:
            return
        frozen = getattr(getattr(kind, "__dataclass_params__", None), "frozen", False)
        if not frozen:
            self._seen.add(id(value))
        self.tokens.append(kind.__name__)
        names = _NAMES.get(kind)
        if names is None:
            skipped = _SKIPPED | _RENEWED.get(kind, set())
            fields = getattr(kind, "__dataclass_fields__", None)
            names = _NAMES[kind] = tuple(name for name in (fields or attributes(kind)) if name not in skipped)
        for name in names:
            self.take(getattr(value, name), name)
        for name, one in getattr(value, "__dict__", {}).items():
            if name not in _SKIPPED:
                self.take(one, name)

    def _job(self, job: QuantumJob, _name: str) -> None:
        self.tokens.append(static(job))
        self.versions.append((job.uid, job.resource_version))
        self.holders += holders_of(job)
        cancellation = job.status.cancellation
        if cancellation and cancellation.answered_time:
            self.tokens.append("t")
            self.times.append((moment(cancellation.answered_time), GRACE))

    def _budget(self, budget: QuantumBudget, _name: str) -> None:
        self.tokens.append(static_budget(budget))
        self.versions.append((budget.uid, budget.resource_version))
        if budget.spec.period == DAY:
            self.times.append((TURN, 0.0))
        for one in budget.status.reservations:
            for stamped in (one.reserved_at, one.renewed_at):
                if stamped:
                    self._number(moment(stamped), "reserved_at")

    def _line(self, queue: FairQueue[Any], _name: str) -> None:
        """Who waits in which order; the numbers that they have there grow."""
        self.tokens.append(str(queue.orders()))

    def frozen(self) -> "Print":
        """The tokens as one number, and what counts only beside the rest of a state."""
        return hash(tuple(self.tokens)), tuple(self.times), tuple(self.versions), tuple(self.holders)


def _taker_of(kind: type) -> Any:
    if kind is float:
        return Shape._number
    if kind in _OWN_WAY:
        return _OWN_WAY[kind]
    if issubclass(kind, str):
        return Shape._text
    if kind in (int, bool, type(None)):
        return Shape._small
    if issubclass(kind, Mapping):
        return Shape._mapping
    if kind in (set, frozenset):
        return Shape._set
    if kind in (list, tuple):
        return Shape._sequence
    return Shape._instance if kind.__module__.startswith(("quantumjob_operator.", "explore.")) else Shape._nothing


_OWN_WAY: Final[dict[type, Any]] = {
    QuantumJob: Shape._job,
    QuantumBudget: Shape._budget,
    FairQueue: Shape._line,
}
_TAKERS: Final[dict[type, Any]] = {}
_NAMES: Final[dict[type, tuple[str, ...]]] = {}


def _core(one: Core) -> Print:
    """Of what a process is; kept with it, because it never changes, and going on from what it was before."""
    if one.prints is None:
        before, shape = one.before, Shape()
        if before is None:
            for name, value in zip(_counting(), one.base, strict=True):
                if name:
                    shape.take(value, name)
            one.prints = shape.frozen()
        else:
            come = one.log[-1]
            shape.take((come.what, come.at, come.uid, come.answer, come.job, come.remote))
            one.prints = _joined(_core(before), shape.frozen())
            one.before = None
    kept: Print = one.prints
    return kept


@cache
def _counting() -> tuple[str, ...]:
    """The names of what a process holds; empty for what decides nothing."""
    return tuple("" if _SKIPPED.intersection(one.path) else one.path[-1] for one in new_parts("", 0.0).leaves)


def _joined(first: Print, second: Print) -> Print:
    return hash((first[0], second[0])), first[1] + second[1], first[2] + second[2], first[3] + second[3]


def _process(one: Process) -> Print:
    """Of a process with what the world does to it, which mostly is nothing."""
    core = _core(one.core)
    if not (one.inbox or one.held or one.applied or one.paused_at is not None):
        return core
    shape = Shape()
    shape.take(list(one.inbox))
    shape.take(one.held)
    shape.take(one.paused_at, "paused_at")
    shape.take(list(one.applied))
    return _joined(core, shape.frozen())


def fingerprint(outside: Outside, processes: tuple[Process | None, ...], rest: Any, *, finely: bool = False) -> int:
    """A number for a whole state.

    Args:
        outside: The world.
        processes: The operators; None for one that was killed and not started again yet.
        rest: What else counts: hashable, without times.
        finely: Tell times apart as far back as the longest of all horizons: states that are then told apart and not
            else have to lead to the same.
    """
    now = outside.now
    parts: list[Any] = [rest, outside.outputs, processes.count(None)]
    running = [one for one in processes if one is not None]
    # Which of two operators is the first is nobody's concern.
    prints = sorted([(_process(one), one.core.holder) for one in running], key=lambda one: one[0][0])
    names = {holder: number for number, (_, holder) in enumerate(prints)}
    for (tokens, times, versions, holders), _ in prints:
        parts.append(tokens)
        parts.append(tuple([max(round(at - now, 1), -(GRACE if finely else horizon)) for at, horizon in times]))
        parts.append(tuple([_is_current(outside, uid, version) for uid, version in versions]))
        parts.append(tuple([names.setdefault(holder, len(names)) for holder in holders]))
    for uid, job in sorted(outside.objects.items()):
        asked = job.status.cancellation
        parts.append((uid, static(job), asked and asked.answered_time and _ago(asked.answered_time, now)))
        parts.append(tuple([names.setdefault(holder, len(names)) for holder in holders_of(job)]))
    if outside.budget:
        shape = Shape()
        shape.take(outside.budget)
        tokens, times, _, _ = shape.frozen()
        parts += [tokens, *(max(round(at - now, 1), -horizon) for at, horizon in times)]
    # When it was sent counts beside a reservation that is made later, for another object.
    back = -2 * FENCE if outside.keyed and outside.priced else 0.0
    for job_id, runs in sorted(outside.runs.items()):
        parts.append(
            (job_id, tuple((run.job.status, run.job.tags, max(back, round(run.visible_at - now, 1))) for run in runs))
        )
    return hash(tuple(parts))


def _is_current(outside: Outside, uid: str, version: str) -> bool:
    live = outside.live(uid)
    return live is not None and live.resource_version == version


def _ago(stamped: str, now: float) -> float:
    """Seconds since a stamp, as far back as the grace period."""
    return min(round(now - moment(stamped), 1), GRACE)
