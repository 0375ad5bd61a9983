"""A full workspace, and jobs whose claim their user wrote by hand: nothing that a user may write is a slot.

Must not live here: how slots are counted (`rooms.controller.test_inflight_limiter`).
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from explore import parts, wiring
from explore.__main__ import SCENARIOS
from explore.process import forget
from explore.schedules import NOW, asks, go_on, only_job
from explore.state import State, begin
from quantumjob_operator.controller.inflight_limiter import InflightLimiter
from quantumjob_operator.model.naming import FINALIZER
from quantumjob_operator.model.quantumjob import Claim, QuantumJob
from rooms.model.bodies import job as made

WORKSPACE = replace(parts.WORKSPACE, spec=replace(parts.WORKSPACE.spec, max_jobs_in_flight=1))
OTHER = "00000009-0000-4000-8000-000000000000"
FORGED = Claim(1, "", WORKSPACE.id, 1, "nobody", None)


@pytest.fixture
def limiter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InflightLimiter]:
    """The slots of a workspace that takes one job."""
    slots = InflightLimiter(
        jobs=list,
        serving=lambda _: WORKSPACE.key,
        wake=lambda _: None,
        left=lambda _: None,
        clock=parts.TIME.monotonic,
    )
    monkeypatch.setattr(wiring, "WORKSPACE", WORKSPACE)
    monkeypatch.setattr(wiring, "InflightLimiter", lambda: slots)
    yield slots
    forget()


def _written(state: State, job: QuantumJob) -> State:
    """Its user writes the object, with some field of the spec changed."""
    state = state.copy()
    state.outside.put(replace(job, generation=job.generation + 1))
    state.tell_watchers()
    return state


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
