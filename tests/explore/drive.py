"""The real shell of one process, put together without sockets and threads, and driven step by step.

What comes in: the beginning of a reconciliation, an event of the watch, the answer to a request, news of the poller.
Must not live here: which of these happens (`moves`), or how a process is kept and gone on from (`process`).
"""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

from explore.asks import Answer, Ask
from explore.clone import Leaf, leaves
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
from quantumjob_operator.controller.price_lists import PriceLists
from quantumjob_operator.controller.quota_guards import QuotaGuards
from quantumjob_operator.controller.reconciler import Reconciler
from quantumjob_operator.controller.spending import Spending
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
SHORT: Final = SETTINGS.put_start_seconds + 1.0
"""Seconds of a pause after which a claim no longer lets a PUT begin."""
LONG: Final = FENCE + 1.0
"""Seconds of a pause after which nothing that was sent before it can still be hidden."""
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
setattr(watching, "parse_known", lambda _, body: _parsed(body))  # noqa: B010 - the same
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
    leaves: list[Leaf] = field(default_factory=list)


def new_parts(holder: str, now: float) -> Parts:
    """A process that has just started, put together as `wiring` does it."""
    time, told, cache, objects = Time(now), Told(), Cache(), Objects()
    queue, clock = Queue(time), Clock(time.monotonic, time.wall)
    workspaces = Workspaces(Connection(WORKSPACE, Client()))  # type: ignore[arg-type]
    shared: dict[str, Any] = {"objects": objects, "cache": cache, "clock": clock, "metrics": told}
    quotas = QuotaGuards(time.monotonic)
    submitter = Submitter(settings=SETTINGS, holder=holder, quotas=quotas, **shared)
    limiter: Any = InflightLimiter()
    finalization = Finalization(events=told, **shared)  # type: ignore[arg-type]
    spending = Spending(ledgers=ANY, cache=cache, namespaces=ANY, wake=queue.add, settings=SETTINGS, clock=clock)
    actions: Any = Actions(
        submitter=submitter,
        finalization=finalization,
        delivery=OutputWriter(),  # type: ignore[arg-type]
        references=References(ANY),
        prices=PriceLists(References(ANY), clock),
        limiter=limiter,
        quotas=quotas,
        spending=spending,
        clock=clock,
    )
    status = StatusWriter(cache=cache, finalization=finalization, metrics=told)  # type: ignore[arg-type]
    observer = Observer(
        cache=cache,
        objects=objects,  # type: ignore[arg-type]
        submitter=submitter,
        status=status,
        workspaces=workspaces,  # type: ignore[arg-type]
        limiter=limiter,
        spending=spending,
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
        limiter=limiter,
        queue=queue,  # type: ignore[arg-type]
        settings=SETTINGS,
        holder=holder,
        **shared,
    )
    watch = Watch(cache, objects, queue, SETTINGS, clock)  # type: ignore[arg-type]
    parts = Parts(time, queue, cache, workspaces, told, watch, reconciler)
    parts.leaves += leaves(
        queue=queue, cache=cache, workspaces=workspaces, reconciler=reconciler, time=time, told=told, watch=watch
    )
    return parts


@dataclass(frozen=True, slots=True)
class Input:
    """Something that comes in at a moment; the fields after `what` are given as each kind needs them."""

    what: str
    at: float
    uid: str = ""
    answer: Answer | None = None
    job: QuantumJob | None = None
    remote: RemoteJob | None = None

    @property
    def key(self) -> tuple[Any, ...]:
        """What it is, with values by their address."""
        answer, value = self.answer, None
        if answer is not None:
            value = answer.error or address(answer.value)
        return self.what, self.at, self.uid, value, id(self.job), id(self.remote)


def address(value: Any) -> Any:
    """The value itself if it is small, else where it lies."""
    if value is None or isinstance(value, str | bool):
        return value
    return tuple(map(id, value)) if isinstance(value, list | tuple) else id(value)


def take(parts: Parts, come: Input) -> None:
    """Something comes in."""
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
