"""After a restart an accepted job is left to the list of all, unless there is something to do or to say."""

from dataclasses import replace
from typing import Any

import pytest

from quantumjob_operator.lifecycle import Action, Observation, decide
from quantumjob_operator.lifecycle.observation import QueuePlace
from quantumjob_operator.model.jobstatus import ErrorShown, State
from quantumjob_operator.model.quantumjob import QuantumJob
from rooms.lifecycle.observations import accepted, ago, asked, remote, seen


def _at_rest(spec: dict[str, Any] | None = None, state: State = State.WAITING, **status: Any) -> QuantumJob:
    """An accepted job as a reconciliation has left it, of which the service said that it is in this state."""
    job = accepted(spec, state=state, **status)
    shown = decide(seen(job, remote=remote(state.value))).status
    return replace(job, status=shown)


def _never_seen_to_begin() -> QuantumJob:
    """As it is shown when it executed already when it was found."""
    return _at_rest(state=State.EXECUTING)


def _found(word: str) -> QuantumJob:
    """As it is shown when its job was found at the service, before anything else is mirrored."""
    job = _at_rest()
    return replace(job, status=replace(job.status, remote_status=word))


def _with_trouble(job: QuantumJob) -> QuantumJob:
    return replace(job, status=replace(job.status, error=ErrorShown("Busy", "later")))


@pytest.mark.parametrize(
    ("known", "again"),
    [
        pytest.param(seen(_at_rest(), unfollowed=True), None, id="it waits"),
        pytest.param(
            seen(_at_rest(state=State.EXECUTING, start_time=ago(60)), unfollowed=True), None, id="it executes"
        ),
        pytest.param(seen(_at_rest({"activeDeadlineSeconds": 90}), unfollowed=True), 30.0, id="up to its deadline"),
    ],
)
def test_after_a_restart_a_job_is_left_to_the_list_of_all(known: Observation, again: float | None) -> None:
    """Nothing is asked and nothing written: whoever has news is asked about by the poller."""
    decision = decide(known)
    assert (decision.action, decision.watch, decision.again, decision.backoff) == (Action.NONE, True, again, False)
    assert decision.status == known.job.status


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(seen(_at_rest()), id="the poller follows it already: something has changed"),
        pytest.param(seen(replace(_at_rest(), generation=3), unfollowed=True), id="its spec has changed meanwhile"),
        pytest.param(seen(_at_rest({"cancel": True}), unfollowed=True), id="it is to be cancelled"),
        pytest.param(seen(_at_rest({"suspend": True}), unfollowed=True), id="it is to be suspended"),
        pytest.param(seen(_at_rest({"activeDeadlineSeconds": 60}), unfollowed=True), id="its deadline is over"),
        pytest.param(seen(_at_rest({"queueDeadlineSeconds": 90}), unfollowed=True),
                     id="only the service says whether it still waits in its queue"),
        pytest.param(seen(_at_rest(cancellation=asked()), unfollowed=True), id="its cancellation was asked for"),
        pytest.param(seen(_with_trouble(_at_rest()), unfollowed=True), id="there was trouble"),
        pytest.param(seen(accepted(), unfollowed=True), id="its status says something else than it would"),
        pytest.param(seen(_found("Succeeded"), unfollowed=True), id="it was found when it had succeeded"),
        pytest.param(seen(_found("Failed"), unfollowed=True), id="it was found when it had failed"),
        pytest.param(seen(_found("Executing"), unfollowed=True), id="it was found executing, and is shown as waiting"),
        pytest.param(seen(_never_seen_to_begin(), unfollowed=True), id="nobody saw it begin"),
        pytest.param(seen(_at_rest(), unfollowed=True, queue=QueuePlace(3, None)), id="there is news of its place"),
    ],
)  # fmt: skip
def test_any_other_is_asked_about_at_once(known: Observation) -> None:
    """What is to be done, or said, rests on the service's own word."""
    assert decide(known).action is Action.GET_REMOTE
