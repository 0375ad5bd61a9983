"""One process of the operator: the real shell, driven step by step, as a value that can be kept and gone on from twice.

Python can't copy a coroutine that waits. So a process is kept as a copy of its parts from the last moment in which no
look was under way, and a log of all that came in since; going on from it means to copy the parts and to play the log
again. What comes in: the beginning of a reconciliation, an event of the watch, the answer to a request, news of the
poller.

Must not live here: which of these happens (`moves`), or what a request does (`outside`).
"""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, Final

from explore.asks import Answer, Ask
from explore.clone import cloned
from explore.parts import WORKSPACE, Client, InflightLimiter, Objects, OutputWriter, Queue, Time, Told, Workspaces
from quantumjob_operator.azure.connections import Connection
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster import watch as watching
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.references import References
from quantumjob_operator.cluster.watch import Watch
from quantumjob_operator.controller import reconciler as reconciling
from quantumjob_operator.controller import submitter as submitting
from quantumjob_operator.controller.actions import Actions
from quantumjob_operator.controller.finalization import Finalization
from quantumjob_operator.controller.observer import Observer
from quantumjob_operator.controller.reconciler import Reconciler
from quantumjob_operator.controller.status_writer import StatusWriter
from quantumjob_operator.controller.submitter import Submitter
from quantumjob_operator.model.naming import JOB_PLURAL
from quantumjob_operator.model.quantumjob import QuantumJob, parse_job
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.settings import Settings

# Short beside the steps in which the operator looks again: each of those is a moment in which anything may happen.
SETTINGS: Final = Settings(
    put_start_seconds=2,
    request_timeout_seconds=4,
    visibility_delay_seconds=4,
    cancellation_grace_period_seconds=60,
)
FENCE: Final = SETTINGS.fence_seconds
GRACE: Final = SETTINGS.cancellation_grace_period_seconds
ANY: Any = None
"""For parts that nothing reaches here."""


class Body(dict[str, Any]):
    """An event's object that is parsed already: the ear of the watch reads thousands of them in a second."""

    job: QuantumJob


def _body(job: QuantumJob) -> Body:
    body = Body(metadata={"uid": job.uid, "resourceVersion": job.resource_version})
    body.job = job
    return body


def _parsed(body: Any) -> QuantumJob:
    return body.job if isinstance(body, Body) else parse_job(body)


class _NoDeadlines:
    """For `asyncio`, where a reconciliation is driven by hand: no deadline of the loop ever strikes."""

    class _Loop:
        @staticmethod
        def time() -> float:
            return 0.0

    @staticmethod
    def get_running_loop() -> "_NoDeadlines._Loop":
        return _NoDeadlines._Loop()

    @staticmethod
    def timeout_at(_when: float | None) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    timeout = timeout_at


setattr(watching, "parse_job", _parsed)  # noqa: B010 - replaced for the sake of speed
_DRIVEN: Final = (reconciling, submitting)


@contextmanager
def _by_hand() -> Iterator[None]:
    """Only while a reconciliation is pushed on: other tests of this process have a loop, and deadlines."""
    own = [module.__dict__["asyncio"] for module in _DRIVEN]
    for module in _DRIVEN:
        module.__dict__["asyncio"] = _NoDeadlines
    try:
        yield
    finally:
        for module, real in zip(_DRIVEN, own, strict=True):
            module.__dict__["asyncio"] = real


@dataclass(slots=True)
class Parts:
    """Everything that a process holds, without the looks that are under way."""

    time: Time
    queue: Queue
    cache: Cache
    workspaces: Workspaces
    told: Told
    watch: Watch
    reconciler: Reconciler
    tasks: dict[str, tuple[Coroutine[Any, Any, None], Ask]] = field(default_factory=dict)


def new_parts(holder: str, now: float) -> Parts:
    """A process that has just started, put together as `wiring` does it."""
    time, told, cache, objects = Time(now), Told(), Cache(), Objects()
    queue, clock = Queue(time), Clock(time.monotonic, time.wall)
    workspaces = Workspaces(Connection(WORKSPACE, Client()))  # type: ignore[arg-type]
    shared: dict[str, Any] = {"objects": objects, "cache": cache, "clock": clock, "metrics": told}
    submitter = Submitter(settings=SETTINGS, holder=holder, **shared)
    actions: Any = Actions(submitter=submitter, delivery=OutputWriter(), references=References(ANY), clock=clock)  # type: ignore[arg-type]
    finalization = Finalization(events=told, **shared)  # type: ignore[arg-type]
    status = StatusWriter(cache=cache, finalization=finalization, metrics=told)  # type: ignore[arg-type]
    observer = Observer(
        objects=objects,  # type: ignore[arg-type]
        submitter=submitter,
        status=status,
        workspaces=workspaces,  # type: ignore[arg-type]
        limiter=InflightLimiter(),  # type: ignore[arg-type]
        settings=SETTINGS,
        clock=clock,
        holder=holder,
    )
    reconciler = Reconciler(
        finalization=finalization,
        actions=actions,
        observer=observer,
        status=status,
        workspaces=workspaces,  # type: ignore[arg-type]
        limiter=InflightLimiter(),  # type: ignore[arg-type]
        queue=queue,  # type: ignore[arg-type]
        settings=SETTINGS,
        holder=holder,
        **shared,
    )
    watch = Watch(cache, objects, queue, SETTINGS, clock)  # type: ignore[arg-type]
    return Parts(time, queue, cache, workspaces, told, watch, reconciler)


@dataclass(frozen=True, slots=True)
class Input:
    """Something that comes in at a moment; the fields after `what` are given as each kind needs them."""

    what: str
    at: float
    uid: str = ""
    answer: Answer | None = None
    job: QuantumJob | None = None
    remote: RemoteJob | None = None


@dataclass(slots=True)
class Process:
    """A process as a value: nothing of it changes once it is made.

    Attributes:
        base: Its parts when no look was under way; never touched again.
        log: What came in since.
        asks: The request that each reconciliation waits for, by uid.
        due: When which reconciliation is due.
        followed: What the poller follows.
        known: The uids of which it knows or remembers anything.
        reports: What it counted in the step that made it, by metric and labels.
        unconfirmed: The uids of the ends that it told to be unconfirmed in that step.
        inbox: Events of the watch that it has not heard yet: the type, and the object as it was.
        held: Its watch lags: events stay in the inbox.
        paused_at: It stands still since then.
        applied: The answer to the request of a reconciliation that had its effect while the process stood still.
    """

    holder: str
    base: Parts
    log: tuple[Input, ...]
    asks: dict[str, Ask]
    due: dict[str, float]
    followed: dict[str, tuple[str, str | None]]
    known: frozenset[str]
    reports: dict[str, int]
    unconfirmed: tuple[str, ...]
    inbox: tuple[tuple[str | None, QuantumJob], ...] = ()
    held: bool = False
    paused_at: float | None = None
    applied: tuple[tuple[str, Answer], ...] = ()
    prints: Any = None

    def step(self, come: Input) -> "Process":
        """The process after something came in."""
        parts = cloned(self.base)
        for before in self.log:
            _take(parts, before)
        parts.told.reports.clear()
        parts.told.unconfirmed_ends.clear()
        _take(parts, come)
        log = (*self.log, come) if parts.tasks else ()
        # What an answer was kept for is over once it is given; the next request of the reconciliation is another.
        given = come.uid if come.what == "answer" else None
        old = replace(self, applied=tuple(one for one in self.applied if one[0] != given))
        return _kept(old, parts, self.base if log else parts, log)


def start(holder: str, now: float) -> Process:
    """A process that knows nothing yet."""
    return Process(holder, new_parts(holder, now), (), {}, {}, {}, frozenset(), {}, ())


def _kept(old: Process, parts: Parts, base: Parts, log: tuple[Input, ...]) -> Process:
    memories = parts.reconciler._memories
    return Process(
        holder=old.holder,
        base=base,
        log=log,
        asks={uid: ask for uid, (_, ask) in parts.tasks.items()},
        due=dict(parts.queue.due),
        followed=dict(parts.workspaces.followed),
        known=frozenset((*parts.cache.jobs, *memories)),
        reports=dict(parts.told.reports),
        unconfirmed=tuple(parts.told.unconfirmed_ends),
        inbox=old.inbox,
        held=old.held,
        paused_at=old.paused_at,
        applied=tuple(one for one in old.applied if one[0] in parts.tasks),
    )


def _take(parts: Parts, come: Input) -> None:
    parts.time.now = come.at
    _TAKING[come.what](parts, come)


def _begin(parts: Parts, come: Input) -> None:
    parts.queue.take_up(come.uid)
    _go_on(parts, come.uid, parts.reconciler.reconcile(come.uid), lambda reconciliation: reconciliation.send(None))


def _answer(parts: Parts, come: Input) -> None:
    reconciliation, _ = parts.tasks.pop(come.uid)
    answer = come.answer or Answer()
    if answer.error:
        error = answer.error.make()
        _go_on(parts, come.uid, reconciliation, lambda one: one.throw(error))
    else:
        _go_on(parts, come.uid, reconciliation, lambda one: one.send(answer.value))


def _go_on(parts: Parts, uid: str, reconciliation: Coroutine[Any, Any, None], push: Callable[[Any], Ask]) -> None:
    try:
        with _by_hand():
            asked = push(reconciliation)
        parts.tasks[uid] = (reconciliation, asked)
    except StopIteration:
        parts.queue.put_down(uid)


def _hear(parts: Parts, come: Input) -> None:
    assert come.job is not None
    parts.watch._hear(JOB_PLURAL, come.uid or None, _body(come.job))


def _miss(parts: Parts, come: Input) -> None:
    """What the check of the watch does about an object that is not there any more."""
    if come.uid in parts.cache.jobs:
        parts.cache.remove(come.uid)
        parts.queue.add(come.uid)


def _poll(parts: Parts, come: Input) -> None:
    job_id, _ = parts.workspaces.followed[come.uid]
    parts.workspaces.followed[come.uid] = (job_id, come.remote.status if come.remote else None)
    parts.reconciler.learned(come.uid, come.remote)


_TAKING: Final[dict[str, Callable[[Parts, Input], None]]] = {
    "begin": _begin,
    "answer": _answer,
    "hear": _hear,
    "miss": _miss,
    "poll": _poll,
}
