"""The real shell of one process, driven step by step.

What comes in: the beginning of a reconciliation, an event of the watch, the answer to a request, news of the poller.
Must not live here: which of these happens (`moves`), or how a process is kept and gone on from (`process`).
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from explore.asks import Answer
from explore.hand import Promise, by_hand
from explore.money import LEDGER
from explore.parts import WORKSPACE
from explore.wiring import Parts
from quantumjob_operator.cluster import watch as watching
from quantumjob_operator.cluster.objects import parse_known
from quantumjob_operator.model.naming import BUDGET_PLURAL, CLAIM_ANNOTATION, JOB_PLURAL
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.quantumjob import QuantumJob, parse_job
from quantumjob_operator.model.remotejob import RemoteJob

Known = QuantumJob | QuantumBudget


class Body(dict[str, Any]):
    """An event's object that is parsed already: the ear of the watch reads thousands of them in a second."""

    job: Known


def _body(job: Known) -> Body:
    claim = job.claim if isinstance(job, QuantumJob) else None
    annotations = {CLAIM_ANNOTATION: claim.holder} if claim else {}
    body = Body(metadata={"uid": job.uid, "resourceVersion": job.resource_version, "annotations": annotations})
    body.job = job
    return body


def _parsed_job(body: Any) -> Any:
    return body.job if isinstance(body, Body) else parse_job(body)


def _parsed(plural: str, body: Any) -> Any:
    return body.job if isinstance(body, Body) else parse_known(plural, body)


# Replaced for the sake of speed.
setattr(watching, "parse_job", _parsed_job)  # noqa: B010 - as above
setattr(watching, "parse_known", _parsed)  # noqa: B010 - as above


@dataclass(frozen=True, slots=True)
class Input:
    """Something that comes in at a moment; the fields after `what` are given as each kind needs them."""

    what: str
    at: float
    uid: str = ""
    answer: Answer | None = None
    job: Known | None = None
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
    serving = parts.budgets if parts.budgets.serves(come.uid) else parts.reconciler
    _go_on(parts, come.uid, serving.reconcile(come.uid), lambda reconciliation: reconciliation.send(None))


def _answer(parts: Parts, come: Input) -> None:
    reconciliation, _ = parts.tasks.pop(come.uid)
    answer = come.answer or Answer()
    if answer.error:
        error = answer.error.make()
        _go_on(parts, come.uid, reconciliation, lambda one: one.throw(error))
    else:
        _go_on(parts, come.uid, reconciliation, lambda one: one.send(answer.value))


def _go_on(parts: Parts, uid: str, reconciliation: Coroutine[Any, Any, None], push: Callable[[Any], Any]) -> None:
    """Push a coroutine on, and then those that it made or that waited for it."""
    _push(parts, uid, reconciliation, push)
    while True:
        ready = next((uid for uid, (_, promise) in parts.waiting.items() if promise.done()), None)
        if parts.hand.made:
            _push(parts, LEDGER, parts.hand.made.pop(0), lambda one: one.send(None))
        elif ready:
            waiting, _ = parts.waiting.pop(ready)
            _push(parts, ready, waiting, lambda one: one.send(None))
        else:
            return


def _push(parts: Parts, uid: str, coroutine: Coroutine[Any, Any, None], push: Callable[[Any], Any]) -> None:
    try:
        with by_hand(parts.hand, parts.told):
            asked = push(coroutine)
    except StopIteration:
        parts.queue.put_down(uid)
    else:
        waits: Any = parts.waiting if isinstance(asked, Promise) else parts.tasks
        waits[uid] = (coroutine, asked)


def _hear(parts: Parts, come: Input) -> None:
    assert come.job is not None
    plural = JOB_PLURAL
    if isinstance(come.job, QuantumBudget):
        plural = BUDGET_PLURAL
        parts.cache.put_workspace(WORKSPACE)
    parts.watch._hear(plural, come.uid or None, _body(come.job))


def _miss(parts: Parts, come: Input) -> None:
    """What the check of the watch does about an object that is not there any more."""
    if parts.cache.find(come.uid):
        parts.cache.remove(come.uid)
        parts.queue.add(come.uid)


def _poll(parts: Parts, come: Input) -> None:
    job_id, _ = parts.workspaces.followed[come.uid]
    parts.workspaces.followed[come.uid] = (job_id, come.remote.status if come.remote else None)
    parts.reconciler.learned(come.uid, come.remote, through=WORKSPACE.uid)


_TAKING: Final[dict[str, Callable[[Parts, Input], None]]] = {
    "begin": _begin,
    "answer": _answer,
    "hear": _hear,
    "miss": _miss,
    "poll": _poll,
}
