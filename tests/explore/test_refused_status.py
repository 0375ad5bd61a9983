"""A job runs, and the API server takes no status of it any more: its user has filled the object as far as etcd goes.

What it costs goes on without Kubernetes, and so does what ends it. Must not live here: which answers say so
(`rooms.cluster.test_api_errors`), or what the API server says itself (`hostile.test_full_objects`).
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from explore import parts
from explore.__main__ import SCENARIOS
from explore.clients import Objects
from explore.schedules import NOW, asked, go_on, only_job, play
from explore.slots import counted_slots
from explore.state import State, begin
from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.controller.inflight_limiter import InflightLimiter
from quantumjob_operator.model.jobstatus import JobStatus
from quantumjob_operator.model.jobstatus import State as Shown
from quantumjob_operator.model.quantumjob import QuantumJob
from rooms.model.bodies import job as made

SHARED = replace(
    parts.WORKSPACE,
    namespace="platform",
    name="shared",
    spec=replace(parts.WORKSPACE.spec, max_jobs_in_flight=1),
)
OTHER = "00000009-0000-4000-8000-000000000000"
TOO_LARGE = (500, "Unexpected", "etcdserver: request is too large")
REFUSALS = [
    pytest.param(TOO_LARGE, id="etcd takes no object of that size"),
    pytest.param((413, "RequestEntityTooLarge", "limit is 3145728"), id="the API server takes no request of that size"),
    pytest.param((422, "Invalid", "status: too long"), id="the schema takes no such status"),
    pytest.param((500, "InternalError", "failed calling webhook"), id="the API server fails by it each time"),
]
Refusal = tuple[int, str, str]


class Full:
    """Which answer each write of a status has from now on, unless it is without texts and there is room for that."""

    def __init__(self) -> None:
        self.answer: Refusal | None = None
        self.takes_bare = False

    async def write(self, job: QuantumJob, status: JobStatus) -> QuantumJob:
        """As `Objects.write_status`."""
        bare = self.takes_bare and not status.message and not any(one.message for one in status.conditions)
        if job.status == status or self.answer is None or bare:
            return await _WRITE(Objects(), job, status)
        code, reason, message = self.answer
        raise ClusterError("PATCH /apis/x/status", code, reason, message)


_WRITE = Objects.write_status


@pytest.fixture
def limiter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InflightLimiter]:
    """The slots of a workspace of another namespace that takes one job."""
    monkeypatch.setattr(parts, "WORKSPACE", SHARED)
    with counted_slots(monkeypatch, SHARED) as slots:
        yield slots


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Full:
    """How writes of status are answered."""
    answers = Full()
    monkeypatch.setattr(Objects, "write_status", lambda _, job, status: answers.write(job, status))
    return answers


def _running(full: Full, refusal: Refusal) -> State:
    """A job that was accepted, and whose object is filled then."""
    state = go_on(begin(SCENARIOS["one"]), lambda one: only_job(one).status.state == Shown.WAITING and not asked(one))
    full.answer = refusal
    return go_on(state, kinds=NOW)


def _written(state: State, job: QuantumJob, **wishes: object) -> State:
    state = state.copy()
    state.outside.put(replace(job, generation=job.generation + 1))
    state.wish(job.uid, **wishes)
    state.tell_watchers()
    return state


def _is_asked(state: State) -> bool:
    return not any(run.job.status == "Waiting" for runs in state.outside.runs.values() for run in runs)


@pytest.mark.parametrize("refusal", REFUSALS)
def test_what_is_deleted_is_cancelled_and_let_go(limiter: InflightLimiter, full: Full, refusal: Refusal) -> None:
    """The service is asked after some refusals; the object goes once the job has ended, and its slot with it."""
    state = play(_running(full, refusal), "delete 1")
    state = go_on(state, _is_asked)
    assert _is_asked(state)
    state = go_on(play(state, "ends 1"))
    assert not state.outside.objects
    assert limiter.take(SHARED, made(uid=OTHER)) is None


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize(
    "wish",
    [pytest.param({"cancel": True}, id="cancel"), pytest.param({"active_deadline_seconds": 1}, id="a deadline")],
)
def test_what_is_to_be_cancelled_is(
    limiter: InflightLimiter, full: Full, refusal: Refusal, wish: dict[str, object]
) -> None:
    """By its user, or by a deadline; the service's final word gives the slot back, although no status says it."""
    state = _running(full, refusal)
    job = only_job(state)
    state = go_on(_written(state, replace(job, spec=replace(job.spec, **wish)), cancelled=True), _is_asked)  # type: ignore[arg-type]
    assert _is_asked(state)
    state = go_on(play(state, "ends 1"), most=40)
    assert not only_job(state).status.finished
    assert limiter.take(SHARED, made(uid=OTHER)) is None


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_final_word_that_cannot_be_stored_gives_the_slot_back(
    limiter: InflightLimiter, full: Full, refusal: Refusal
) -> None:
    """At once: it was seen; and when the object can be written again, status says it, too."""
    state = _running(full, refusal)
    assert limiter.take(SHARED, made(uid=OTHER)) is not None
    limiter.forget(OTHER)
    state = go_on(play(state, "ends 1"), most=10)
    assert limiter.take(SHARED, made(uid=OTHER)) is None
    assert only_job(state).status.remote_status == "Waiting"
    full.answer = None
    assert only_job(go_on(state)).status.finished


def test_a_status_without_its_texts_is_stored_where_the_whole_is_too_large(full: Full) -> None:
    """Its end above all, so that it survives a restart."""
    full.takes_bare = True
    state = go_on(play(_running(full, TOO_LARGE), "ends 1"), most=40)
    status = only_job(state).status
    assert (status.finished, status.state, status.message) == (True, Shown.SUCCEEDED, None)
    assert not only_job(state).has_finalizer


def test_no_further_attempt_is_sent_before_the_end_of_the_last_one_is_stored(full: Full) -> None:
    """Suspended and resumed: what has ended must stand in status first, or what it cost is shown nowhere."""
    state = _running(full, TOO_LARGE)
    state = go_on(play(state, "suspend 1"), _is_asked)
    state = go_on(play(state, "ends 1"), most=40)
    state = go_on(play(state, "resume 1"), most=60)
    assert [len(runs) for runs in state.outside.runs.values()] == [1]
