"""A full workspace, and jobs whose claim their user wrote by hand: nothing that a user may write is a slot.

Must not live here: how slots are counted (`rooms.controller.test_inflight_holders`).
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from explore import parts, wiring
from explore.__main__ import SCENARIOS
from explore.asks import Ask
from explore.clients import Client
from explore.process import forget
from explore.schedules import NOW, asked, asks, go_on, only_job, play
from explore.slots import counted_slots
from explore.state import State, begin
from quantumjob_operator.azure.client import ProgramLocation
from quantumjob_operator.controller.inflight_limiter import InflightLimiter
from quantumjob_operator.model.naming import FINALIZER
from quantumjob_operator.model.quantumjob import Claim, QuantumJob
from rooms.model.bodies import job as made

WORKSPACE = replace(parts.WORKSPACE, spec=replace(parts.WORKSPACE.spec, max_jobs_in_flight=1))
OTHER = "00000009-0000-4000-8000-000000000000"
FORGED = Claim(1, "", WORKSPACE.id, 1, "nobody", None)
SHARED = replace(WORKSPACE, namespace="platform", name="shared")
UPLOAD = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def limiter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InflightLimiter]:
    """The slots of a workspace that takes one job."""
    with counted_slots(monkeypatch, WORKSPACE) as slots:
        yield slots


@pytest.fixture
def shared(limiter: InflightLimiter, monkeypatch: pytest.MonkeyPatch) -> InflightLimiter:
    """The same for a workspace of another namespace, which status names before anything is sent; uploads take long."""

    async def upload(_: Client, _job_id: str, _content: bytes, _format: str) -> ProgramLocation:
        await Ask("get", (UPLOAD,))
        return ProgramLocation("", "")

    monkeypatch.setattr(wiring, "WORKSPACE", SHARED)
    monkeypatch.setattr(parts, "WORKSPACE", SHARED)
    monkeypatch.setattr(Client, "upload_program", upload)
    limiter.serving = lambda _: SHARED.key
    return limiter


def _uploads(state: State) -> bool:
    """Whether a program is on its way."""
    return any(ask.args == (UPLOAD,) for one in state.processes if one for ask in one.asks.values())


def _gets_a_slot(limiter: InflightLimiter) -> bool:
    """Whether a job of another tenant does, which gives it back at once."""
    refused = limiter.take(SHARED, made(uid=OTHER, namespace="others"))
    limiter.forget(OTHER)
    return refused is None


def _written(state: State, job: QuantumJob) -> State:
    """Its user writes the object, with some field of the spec changed."""
    state = state.copy()
    state.outside.put(replace(job, generation=job.generation + 1))
    state.tell_watchers()
    return state


def _changed(state: State, job: QuantumJob) -> State:
    """Its user writes the object, without its spec."""
    return _written(state, replace(job, generation=job.generation - 1))


def test_who_waits_for_a_slot_gets_none_by_a_claim(limiter: InflightLimiter) -> None:
    """The claim names a process that never was, which is taken over when it has not moved for long enough."""
    limiter.take(WORKSPACE, made(uid=OTHER))
    state = go_on(begin(SCENARIOS["one"]), kinds=NOW)
    job = only_job(state)
    state = _written(state, replace(job, claim=replace(FORGED, uid=job.uid), finalizers=(FINALIZER,)))
    state = go_on(state, most=60)
    assert not state.outside.runs
    limiter.forget(OTHER)
    assert go_on(state, lambda one: bool(one.outside.runs)).outside.runs


def test_a_fence_that_its_user_wrote_holds_no_slot(limiter: InflightLimiter) -> None:
    """Between claim and PUT the claim is made to name a further attempt, and a fence of a day."""
    state = go_on(begin(SCENARIOS["one"]), asks("get"))
    job = only_job(state)
    assert job.claim
    state = go_on(_written(state, replace(job, claim=replace(job.claim, attempt=2, fence=86_400.0))), most=30)
    assert not state.outside.runs
    assert limiter.take(WORKSPACE, made(uid=OTHER)) is None


def test_who_changes_a_job_during_each_upload_holds_no_slot(shared: InflightLimiter) -> None:
    """Each change of the spec holds the PUT back, and the next reconciliation uploads anew."""
    state = go_on(begin(SCENARIOS["one"]), _uploads)
    for _ in range(3):
        assert shared.admitted(SHARED) == {"research": 1}
        assert shared.take(SHARED, made(uid=OTHER, namespace="others")), "it waits for the slot"
        state = go_on(_written(state, only_job(state)), lambda one: not asked(one))
        assert shared.admitted(SHARED) == {"others": 1}
        assert shared.take(SHARED, made(uid=OTHER, namespace="others")) is None, "it takes it up in time"
        state = go_on(state, most=10)
        assert not state.outside.runs
        shared.forget(OTHER)
        state = go_on(state, _uploads)
    (runs,) = go_on(state).outside.runs.values()
    assert len(runs) == 1


@pytest.mark.parametrize(
    "written",
    [
        pytest.param({"holder": "x", "fence": 900.0}, id="another holder, and a long fence"),
        pytest.param(None, id="none"),
    ],
)
def test_a_claim_that_its_user_writes_again_and_again_holds_no_slot(
    shared: InflightLimiter, written: dict[str, object] | None
) -> None:
    """A holder that appears is left alone, and fenced once it is silent: the job waits, and nobody for it."""
    state = go_on(begin(SCENARIOS["one"]), _uploads)
    for _ in range(3):
        job = only_job(state)
        assert job.claim
        claim = replace(job.claim, **written) if written else None  # type: ignore[arg-type]
        state = go_on(_changed(state, replace(job, claim=claim)), lambda one: not asked(one))
        for _ in range(60):
            if state.outside.runs or _uploads(state):
                break
            assert asked(state) or _gets_a_slot(shared)
            state = go_on(state, most=1)
    assert not state.outside.runs
    (runs,) = go_on(state).outside.runs.values()
    assert len(runs) == 1


@pytest.mark.parametrize("sent", [False, True], ids=["nothing was sent", "it was sent"])
@pytest.mark.parametrize(
    "touched", [False, True], ids=["its claim stands", "its user writes the claim again and again"]
)
def test_what_a_killed_process_may_have_sent_holds_its_slot_until_it_would_be_shown(
    shared: InflightLimiter, *, sent: bool, touched: bool
) -> None:
    """Its successor knows only status: it counts until the service has been asked after the fence."""
    state = play(go_on(begin(SCENARIOS["one"]), asks("put")), "kill-late 1" if sent else "kill 1")
    shared.forget(only_job(state).uid)
    state = go_on(play(state, "start 1"), kinds=NOW)
    state = play(state, "arrive 1" if sent else "")
    began, freed = state.outside.now, 0.0
    for number in range(200):
        if touched and not asked(state) and number < 150:
            job = only_job(state)
            assert job.claim
            state = _changed(state, replace(job, claim=replace(job.claim, holder=f"x{number}", fence=60.0)))
        state = go_on(state, most=1)
        if not asked(state) and _gets_a_slot(shared):
            assert not sent
            freed = freed or state.outside.now
    assert len(state.outside.runs) == 1
    # Untouched, it is sent as soon as nothing else can be there.
    assert freed == (began + 60.0 if touched and not sent else 0.0)


@pytest.mark.parametrize("fence", [None, 900.0], ids=["the fence of its operator", "a long fence, made short again"])
def test_what_a_killed_process_held_back_keeps_its_slot_no_longer_than_it_takes_to_ask(
    shared: InflightLimiter, fence: float | None
) -> None:
    """Nobody takes such a claim over, since nothing is to be done; status names the way all the same."""
    state = go_on(begin(SCENARIOS["one"]), _uploads)
    job = only_job(state)
    state = go_on(_written(state, replace(job, spec=replace(job.spec, suspend=True))), lambda one: not asked(one))
    state = go_on(state, most=20)
    assert _gets_a_slot(shared)
    job = only_job(state)
    assert job.claim
    claim = replace(job.claim, fence=fence or job.claim.fence)
    state = play(_changed(state, replace(job, claim=claim)), "kill 1")
    forget()
    state = go_on(play(state, "start 1"), kinds=NOW)
    began = state.outside.now
    assert not _gets_a_slot(shared)
    if fence:
        state = _changed(state, replace(only_job(state), claim=job.claim))
    state = go_on(state, most=200)
    assert state.outside.now - began >= (fence or wiring.FENCE)
    assert _gets_a_slot(shared)
    job = only_job(state)
    state = _written(state, replace(job, spec=replace(job.spec, suspend=False)))
    (runs,) = go_on(state).outside.runs.values()
    assert len(runs) == 1
