"""An accepted job until its end: mirrored, cancelled if asked, retried if asked, and its output delivered."""

from dataclasses import replace
from typing import Any

import pytest

from quantumjob_operator.lifecycle import Action, Observation, decide
from quantumjob_operator.lifecycle.observation import ABSENT, Trouble
from quantumjob_operator.model.jobstatus import State
from rooms.lifecycle.observations import (
    NO_OUTPUT,
    NOW,
    OUTAGE,
    OUTPUT,
    PROGRAM,
    WRITTEN,
    accepted,
    asked,
    claimed,
    finished,
    reason_of,
    remote,
    seen,
    set_aside,
)

NOT_THERE = Trouble("OutputMissing", "the result is missing")

RETRIES = {"backoffLimit": 2}
LATER: dict[str, Any] = {"later_attempts_checked": True}


@pytest.mark.parametrize(
    ("known", "action"),
    [
        pytest.param(seen(accepted()), Action.GET_REMOTE, id="nothing is known anew: a reconciliation"),
        pytest.param(seen(replace(accepted(), finalizers=())), Action.CLAIM,
                     id="finalizer taken off by hand"),
        pytest.param(seen(replace(accepted(), claim=None)), Action.CLAIM, id="claim replaced away"),
        pytest.param(seen(accepted(), remote=remote("Executing")), Action.NONE, id="it executes: mirrored"),
        pytest.param(seen(accepted(), remote=remote("Succeeded")), Action.WRITE_OUTPUT, id="output first"),
        pytest.param(seen(accepted(), remote=remote("Succeeded"), output=OUTPUT), Action.WRITE_OUTPUT,
                     id="a name that was only checked is no output"),
        pytest.param(seen(accepted(), remote=remote("Succeeded"), output=WRITTEN), Action.RECORD,
                     id="the output is there: said so"),
        pytest.param(seen(accepted(), remote=remote("Succeeded"), output=NO_OUTPUT), Action.NONE,
                     id="the output can't be read yet: tried again"),
        pytest.param(seen(accepted(), remote=remote("Succeeded"), output=NO_OUTPUT, output_retry_left=-1.0),
                     Action.WRITE_OUTPUT_BARE, id="it stays unreadable: left out"),
        pytest.param(seen(accepted(), remote=remote("Succeeded"), output=NOT_THERE, output_retry_left=-1.0),
                     Action.WRITE_OUTPUT_BARE, id="it stays away: left out"),
        pytest.param(seen(accepted(), remote=ABSENT, absence_left=5.0), Action.NONE, id="a fresh 404 is fenced"),
        pytest.param(seen(accepted(), remote=ABSENT), Action.RECORD, id="a 404 after the fence ends it, without a PUT"),
        pytest.param(seen(accepted({"cancel": True}), remote=remote()), Action.RECORD, id="the wish is written"),
        pytest.param(seen(accepted({"cancel": True}, cancellation=asked()), remote=remote()), Action.CANCEL,
                     id="then the service is asked"),
        pytest.param(seen(accepted({"cancel": True}, cancellation=asked()), remote=remote("Succeeded"), output=WRITTEN),
                     Action.RECORD, id="a remote success wins over the wish"),
        pytest.param(seen(accepted(), remote=remote("Cancelled")), Action.FIND_LAST_ATTEMPT,
                     id="cancelled by nobody here: perhaps a later attempt runs"),
        pytest.param(seen(claimed(status=finished())), Action.RELEASE, id="it has ended: the finalizer comes off"),
        pytest.param(seen(replace(claimed({"ttlSecondsAfterFinished": 30}, status=finished(age=60)), finalizers=())),
                     Action.DELETE, id="its time to live is over"),
        pytest.param(seen(replace(claimed({"ttlSecondsAfterFinished": 90}, status=finished(age=60)), finalizers=())),
                     Action.NONE, id="its time to live is not over"),
        pytest.param(seen(replace(claimed({"ttlSecondsAfterFinished": 61}, status=finished(age=60)), finalizers=())),
                     Action.NONE, id="its last second has begun"),
        pytest.param(seen(replace(claimed({"ttlSecondsAfterFinished": 60}, status=finished(age=60)), finalizers=())),
                     Action.DELETE, id="its time to live ends now"),
    ],
)  # fmt: skip
def test_next_step(known: Observation, action: Action) -> None:
    """What is done next."""
    assert decide(known).action is action


@pytest.mark.parametrize(
    ("known", "state", "reason"),
    [
        pytest.param(seen(accepted(), remote=remote("Failed", code="InvalidInputData")), "Failed", "JobFailed",
                     id="a failure of the program is final"),
        pytest.param(seen(accepted(RETRIES), remote=remote("Failed", code="InvalidInputData")), "Failed", "JobFailed",
                     id="a failure of the program is not retried, whatever the limit"),
        pytest.param(seen(accepted(), remote=remote("Failed", code="ProviderTimeout")), "Failed", "JobFailed",
                     id="a transient failure is final without a limit"),
        pytest.param(seen(accepted(RETRIES, failed_attempts=2), remote=remote("Failed", code="ProviderTimeout")),
                     "Failed", "JobFailed", id="the limit is exhausted"),
        pytest.param(seen(accepted(), remote=remote("Failed")), "Failed", "JobFailed", id="a failure without a code"),
        pytest.param(seen(accepted(), remote=remote("Cancelled"), **LATER), "Cancelled", "CancelledExternally",
                     id="somebody cancelled it at the service"),
        pytest.param(seen(accepted(cancellation=asked("DeadlineExceeded")), remote=remote("Cancelled")), "Cancelled",
                     "DeadlineExceeded", id="a deadline had cancelled it"),
        pytest.param(seen(accepted({"cancel": True, "suspend": True}, cancellation=asked("Suspended")),
                          remote=remote("Cancelled"), **LATER), "Cancelled", "Cancelled", id="cancel beats suspend"),
        pytest.param(seen(accepted(), remote=ABSENT), "Failed", "JobNotFound", id="the service forgot it"),
    ],
)  # fmt: skip
def test_ends(known: Observation, state: str, reason: str) -> None:
    """An end says Failed and Finished for one reason, and what was paid stands in the list."""
    status = decide(known).status
    assert status.state == State(state)
    assert reason_of(status, "Failed") == f"True:{reason}"
    assert reason_of(status, "Finished") == f"True:{reason}"
    assert [one.attempt for one in status.attempts] == [1]


@pytest.mark.parametrize(
    ("known", "reason", "failed"),
    [
        pytest.param(seen(accepted(RETRIES), remote=remote("Failed", code="ProviderTimeout")), "Retrying", 1,
                     id="a transient failure, as the user allowed"),
        pytest.param(seen(accepted(RETRIES, failed_attempts=1), remote=remote("Failed", code="InternalError")),
                     "Retrying", 2, id="the second one"),
        pytest.param(seen(accepted({"suspend": True}, cancellation=asked("Suspended")), remote=remote("Cancelled")),
                     "Suspended", None, id="suspended"),
        pytest.param(seen(accepted(cancellation=asked("Suspended")), remote=remote("Cancelled")), "Suspended", None,
                     id="suspended, and resumed while it was being cancelled"),
    ],
)  # fmt: skip
def test_attempt_is_set_aside(known: Observation, reason: str, failed: int | None) -> None:
    """The attempt stands in the list, nothing of it in the rest, and the job is not finished."""
    status = decide(known).status
    assert reason_of(status, "Submitted") == f"False:{reason}"
    assert status.failed_attempts == failed
    assert (status.job_id, status.remote_status, status.submission_time) == (None, None, None)
    assert [one.attempt for one in status.attempts] == [1]
    assert not status.finished


def test_a_success_names_its_output() -> None:
    """In a field for programs, and in words."""
    status = decide(seen(accepted(), remote=remote("Succeeded"), output=WRITTEN)).status
    complete = status.condition("Complete")
    assert complete is not None
    assert (status.output_config_map, complete.message) == (WRITTEN.name, f"the output is in ConfigMap {WRITTEN.name}")


@pytest.mark.parametrize(
    ("since", "action"),
    [
        pytest.param(9.0, Action.NONE, id="before the back-off is over"),
        pytest.param(11.0, Action.CLAIM, id="after it"),
    ],
)
def test_retry_waits(since: float, action: Action) -> None:
    """The first retry comes ten seconds after the failure, by a time that stands in status."""
    waiting = claimed(RETRIES, status=set_aside("Retrying", age=since, failed_attempts=1))
    assert decide(seen(waiting, program=PROGRAM, output=OUTPUT)).action is action


@pytest.mark.parametrize(
    ("spec", "word", "age", "reason"),
    [
        pytest.param({"activeDeadlineSeconds": 50}, "Executing", 60.0, "DeadlineExceeded", id="it took too long"),
        pytest.param({"activeDeadlineSeconds": 70}, "Executing", 60.0, None, id="it has time left"),
        pytest.param({"queueDeadlineSeconds": 50}, "Waiting", 60.0, "QueueDeadlineExceeded", id="it queued too long"),
        pytest.param({"queueDeadlineSeconds": 50}, "Executing", 60.0, None, id="it executes: the queue is behind it"),
        pytest.param({"suspend": True}, "Executing", 60.0, "Suspended", id="it is suspended"),
        pytest.param({"suspend": True, "cancel": True}, "Executing", 60.0, "Cancelled", id="cancel beats suspend"),
        pytest.param(
            {"cancel": True, "activeDeadlineSeconds": 1}, "Executing", 60.0, "Cancelled", id="cancel beats a deadline"
        ),
        pytest.param({}, "Executing", 1e6, None, id="nobody asked for anything"),
    ],
)
def test_wishes_to_cancel(spec: dict[str, Any], word: str, age: float, reason: str | None) -> None:
    """A wish is recorded with its reason before the service is asked."""
    status = decide(seen(accepted(spec, age=age), remote=remote(word))).status
    assert (status.cancellation.reason if status.cancellation else None) == reason


@pytest.mark.parametrize(
    ("before", "word", "after"),
    [
        pytest.param(State.WAITING, "Executing", State.EXECUTING, id="it began"),
        pytest.param(State.CANCELLING, "Executing", State.EXECUTING, id="a provider refused to cancel"),
        pytest.param(State.EXECUTING, "Dreaming", State.EXECUTING, id="a word that nobody knows changes nothing"),
        pytest.param(State.WAITING, "Finishing", State.EXECUTING, id="a stage was skipped"),
    ],
)
def test_mirrors(before: State, word: str, after: State) -> None:
    """The service's word is shown as it is, and the summary follows the table."""
    decision = decide(seen(accepted(state=before), remote=remote(word)))
    assert (decision.status.state, decision.status.remote_status) == (after, word)
    assert decision.watch


@pytest.mark.parametrize(
    ("before", "word", "after"),
    [
        pytest.param(State.WAITING, "Waiting", State.CANCELLING, id="it waited"),
        pytest.param(State.EXECUTING, "Executing", State.CANCELLING, id="it executed"),
        pytest.param(State.CANCELLING, "Finishing", State.CANCELLING, id="it goes on being cancelled"),
        pytest.param(State.WAITING, "Dreaming", State.CANCELLING, id="beside a word that nobody knows"),
        pytest.param(State.CANCELLING, "Cancelled", State.CANCELLED, id="an end is an end"),
        pytest.param(State.CANCELLING, "Failed", State.FAILED, id="a failure is an end"),
    ],
)
def test_a_cancellation_under_way_is_told_beside_the_word(before: State, word: str, after: State) -> None:
    """In workspaces of kind V1: the word is shown as it is, and the state says what happens."""
    told = remote(word, is_cancelling=True)
    status = decide(seen(accepted(state=before), remote=told, later_attempts_checked=True)).status
    assert (status.state, status.remote_status) == (after, word)


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(seen(accepted(), remote=OUTAGE), id="the service does not answer"),
        pytest.param(
            seen(accepted(), workspace=Trouble("WorkspaceNotFound", "it is gone")), id="the workspace is gone"
        ),
    ],
)
def test_trouble_on_the_way_says_nothing_new(known: Observation) -> None:
    """A GET that failed is never read as news: status stays, the job stays watched, and it is tried again."""
    decision = decide(known)
    assert (decision.action, decision.status) == (Action.NONE, known.job.status)
    assert decision.watch
    assert decision.backoff


@pytest.mark.parametrize("state", [State.WAITING, State.EXECUTING, State.CANCELLING])
def test_trouble_that_lasts_is_told_and_the_state_stays(state: State) -> None:
    """People see why nothing moves, and what was known last."""
    status = decide(seen(accepted(state=state), remote=OUTAGE, failures=3)).status
    assert status.state == state
    assert OUTAGE.message in str(status.conditions)


def test_a_cancellation_that_can_t_be_asked_for_waits_as_long_as_the_service_says() -> None:
    """And the job is followed meanwhile."""
    wished = accepted({"cancel": True}, cancellation=asked())
    decision = decide(seen(wished, remote=remote("Executing"), cancel=Trouble("Throttled", "slower", 7.0)))
    assert (decision.action, decision.again, decision.watch, decision.backoff) == (Action.NONE, 7.0, True, True)
    assert "slower" in str(decision.status.conditions)


def test_finished_is_not_computed_again() -> None:
    """When only the generation moved, the numbers move and nothing else."""
    before = replace(claimed(status=finished()), finalizers=(), generation=7)
    status = decide(seen(before, remote=remote("Failed"))).status
    assert {one.observed_generation for one in status.conditions} == {7}
    undone = tuple(replace(one, observed_generation=2) for one in status.conditions)
    assert replace(status, observed_generation=2, conditions=undone) == before.status
    assert seen(before).now == NOW


def test_a_cancellation_is_said_in_the_same_words_again() -> None:
    """What Ready says may only point to the condition that says it."""
    job = accepted({"cancel": True}, cancellation=asked())
    first = decide(seen(job, remote=remote("Cancelling"), since_cancel=0.0))
    assert decide(seen(replace(job, status=first.status), remote=remote("Cancelling"), since_cancel=0.0)) == first
