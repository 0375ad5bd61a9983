"""From the claim to the service's acceptance: doubt, answers to the PUT, other holders, and who waits for a key."""

from dataclasses import replace
from typing import Any

import pytest

from quantumjob_operator.lifecycle import Action, Observation, decide
from quantumjob_operator.lifecycle.observation import ABSENT, ProgramFacts, Trouble
from quantumjob_operator.model.jobstatus import State
from rooms.lifecycle.observations import (
    ELSEWHERE,
    KEYED,
    OURS,
    OUTAGE,
    OUTPUT,
    PROGRAM,
    RIVAL,
    THEIRS,
    claimed,
    identity,
    new,
    owner,
    reason_of,
    remote,
    seen,
    set_aside,
)
from rooms.model.bodies import OTHER_UID

READY: dict[str, Any] = {"remote": ABSENT, "program": PROGRAM}
CONTENDED = replace(OURS, contender="bell-2")
NO_PROGRAM = Trouble("ProgramNotFound", "no such ConfigMap")


@pytest.mark.parametrize(
    ("known", "action"),
    [
        pytest.param(seen(claimed()), Action.GET_REMOTE, id="a GET stands before every PUT"),
        pytest.param(seen(claimed(), program=PROGRAM), Action.GET_REMOTE, id="even if the program is at hand"),
        pytest.param(seen(claimed(), **READY), Action.SUBMIT, id="a 404 that is beyond doubt, under our own claim"),
        pytest.param(seen(claimed(), remote=ABSENT), Action.READ_PROGRAM, id="without the program it is read first"),
        pytest.param(seen(claimed(), fence_left=0.1, **READY), Action.NONE, id="a 404 in doubt is waited out"),
        pytest.param(seen(claimed(holder=RIVAL), **READY), Action.CLAIM, id="a dead process's claim is taken over"),
        pytest.param(
            seen(claimed(holder=RIVAL), rival_left=9.0, **READY),
            Action.NONE,
            id="a living process's claim is left to it",
        ),
        pytest.param(
            seen(claimed(holder=RIVAL), never_sent=True, **READY), Action.CLAIM, id="what we never sent, it may have"
        ),
        pytest.param(seen(claimed(finalizers=()), **READY), Action.CLAIM, id="without its finalizer nothing is sent"),
        pytest.param(seen(claimed(KEYED), **READY), Action.CHECK_KEY, id="a key is looked up before its PUT"),
        pytest.param(seen(claimed(KEYED), key_owner=OURS, **READY), Action.SUBMIT, id="our own key is submitted"),
        pytest.param(
            seen(claimed(KEYED), key_owner=THEIRS, **READY), Action.RENOUNCE, id="a key of another's: we step back"
        ),
        pytest.param(
            seen(claimed(KEYED), key_owner=THEIRS, never_sent=True), Action.RENOUNCE, id="at once, if nothing was sent"
        ),
        pytest.param(
            seen(claimed(KEYED), key_owner=THEIRS),
            Action.GET_REMOTE,
            id="after a reconciliation, if something may have been sent",
        ),
        pytest.param(
            seen(claimed(KEYED), key_owner=THEIRS, fence_left=5.0, **READY), Action.NONE, id="and after every doubt"
        ),
        pytest.param(
            seen(claimed(KEYED), key_owner=THEIRS, remote=remote(metadata=owner(OTHER_UID))),
            Action.RENOUNCE,
            id="the owner's own job under the key is the owner's",
        ),
        pytest.param(
            seen(claimed(KEYED), key_owner=THEIRS, remote=remote(), later_attempts_checked=True),
            Action.RECORD,
            id="what this very object sent is adopted, whoever has the key",
        ),
        pytest.param(
            seen(new({"cancel": True})), Action.GET_REMOTE, id="to be cancelled: perhaps it forgot that it was sent"
        ),
        pytest.param(seen(new({"cancel": True}), remote=remote()), Action.CLAIM, id="forgotten: claimed at first"),
        pytest.param(
            seen(claimed({"suspend": True}, status=set_aside()), remote=remote("Cancelled")),
            Action.FIND_LAST_ATTEMPT,
            id="between two attempts: perhaps it forgot later ones",
        ),
        pytest.param(
            seen(
                claimed({"suspend": True}, status=set_aside()), remote=remote("Cancelled"), later_attempts_checked=True
            ),
            Action.NONE,
            id="between two attempts, and nothing was forgotten",
        ),
    ],
)
def test_next_step(known: Observation, action: Action) -> None:
    """One step after the other; a PUT only at the end of all of them."""
    assert decide(known).action is action


def test_a_living_process_s_claim_is_left_to_it_for_so_long() -> None:
    """Its claim is reconciled again when it may be taken over, and not before."""
    assert decide(seen(claimed(holder=RIVAL), rival_left=9.0, **READY)).again == 9.0


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        pytest.param(seen(claimed(), remote=OUTAGE), OUTAGE.reason, id="a GET that failed is no 404"),
        pytest.param(seen(claimed(), remote=ABSENT, program=NO_PROGRAM), "ProgramNotFound", id="the program went"),
        pytest.param(
            seen(claimed(), limits={"crd_outdated": True}, **READY), "CRDOutdated", id="the CRDs were found to be old"
        ),
        pytest.param(
            seen(claimed(), workspace_moved=True, **READY), "WorkspaceChanged", id="the reference leads elsewhere now"
        ),
        pytest.param(
            seen(claimed(), workspace=ELSEWHERE, **READY), "WorkspaceChanged", id="only another workspace can be asked"
        ),
        pytest.param(
            seen(claimed(KEYED), key_owner=CONTENDED, **READY),
            "DuplicateIdempotencyKey",
            id="somebody contends for the key",
        ),
        pytest.param(
            seen(claimed(), fence_left=9.0, **READY), "SubmissionUnconfirmed", id="an earlier PUT is in doubt"
        ),
    ],
)
def test_what_holds_a_claimed_job_back(known: Observation, reason: str) -> None:
    """Held with its reason and reconciled again; nothing is sent meanwhile."""
    decision = decide(known)
    assert (decision.action, reason_of(decision.status, "Submitted")) == (Action.NONE, f"False:{reason}")
    assert decision.backoff or decision.again is not None


@pytest.mark.parametrize(
    ("known", "often"),
    [
        pytest.param(
            seen(new(KEYED), key_owner=THEIRS, output=OUTPUT, **READY), False, id="one that is woken by the owner's end"
        ),
        pytest.param(
            seen(new(KEYED), key_owner=replace(THEIRS, unheard=True), output=OUTPUT, **READY),
            True,
            id="one whose owner may be gone",
        ),
        pytest.param(seen(claimed(KEYED), key_owner=CONTENDED, **READY), True, id="the owner, whose rival steps back"),
    ],
)
def test_who_waits_for_a_key_looks_rarely(known: Observation, *, often: bool) -> None:
    """Thousands may wait for one key, and each look of each of them says the same."""
    again = decide(known).again
    assert again is not None
    assert (again <= 10.0) is often
    assert again <= 600.0


def test_the_program_is_compared_right_before_the_put() -> None:
    """Between the claim of a further attempt and its PUT the ConfigMap may have changed."""
    resolved = decide(seen(claimed(), submission=remote(), **READY)).status.resolved
    second = claimed(attempt=2, status=replace(claimed().status, resolved=resolved))
    changed = ProgramFacts("sha256:other", "sha256:other")
    assert decide(seen(second, **READY)).action is Action.SUBMIT
    assert reason_of(decide(seen(second, remote=ABSENT, program=changed)).status, "Submitted") == "False:ProgramChanged"


@pytest.mark.parametrize(
    ("answer", "action", "reason"),
    [
        pytest.param(remote(), Action.RECORD, "True:Submitted", id="accepted"),
        pytest.param(remote("Succeeded"), Action.RECORD, "True:Submitted", id="accepted, and done in the same breath"),
        pytest.param(
            Trouble("Rejected", "no such target", final=True), Action.RECORD, "False:Rejected", id="refused for good"
        ),
        pytest.param(
            Trouble("TargetUnavailable", "down", 60.0), Action.NONE, "False:TargetUnavailable", id="the target is down"
        ),
        pytest.param(Trouble("Throttled", "slower", 7.0), Action.NONE, "False:Throttled", id="too many requests"),
        pytest.param(
            Trouble("ServiceUnavailable", "no answer", unconfirmed=True),
            Action.NONE,
            "False:SubmissionUnconfirmed",
            id="no answer: it may have been accepted",
        ),
    ],
)
def test_answers_to_the_put(answer: Any, action: Action, reason: str) -> None:
    """Only a refusal for good ends the job; only what may have been accepted is fenced."""
    decision = decide(seen(claimed(), submission=answer, **READY))
    assert (decision.action, reason_of(decision.status, "Submitted")) == (action, reason)
    assert decision.status.finished == (reason == "False:Rejected")
    if isinstance(answer, Trouble) and answer.retry_after:
        assert (decision.again, decision.backoff) == (answer.retry_after, True)


def test_what_status_says_of_an_accepted_job() -> None:
    """Where it is, as what and since when; nothing of it is an input later but the id and the attempt."""
    status = decide(seen(claimed(attempt=3), submission=remote("Queued", attempt=3), **READY)).status
    assert (status.state, status.remote_status, status.attempt, status.job_id) == (
        State.WAITING,
        "Queued",
        3,
        identity(3),
    )
    assert status.submission_time == "2026-11-22T13:00:00Z"
    assert status.workspace
    assert status.workspace.ref == {"namespace": "research", "name": "default"}
    assert status.resolved
    assert (status.resolved.output_format, status.resolved.program_digest) == (
        "ionq.quantum-results.v1",
        PROGRAM.digest,
    )
    assert status.portal_url


def test_the_404_before_the_put_is_no_news_of_the_job_that_it_made() -> None:
    """Within one reconciliation the answer to the PUT is the newest fact, however long the 404 has lasted."""
    known = seen(claimed(), submission=remote(), absence_left=0.0, **READY)
    following = replace(known, job=replace(known.job, status=decide(known).status))
    decision = decide(following)
    assert (decision.action, decision.watch, decision.status.finished) == (Action.NONE, True, False)


@pytest.mark.parametrize(
    ("failures", "again"),
    [
        pytest.param(0, 1.0, id="soon at first"),
        pytest.param(3, 8.0, id="then less often"),
        pytest.param(5000, 50.0, id="never later than the doubt ends, after any number of failures"),
    ],
)
def test_a_doubted_job_is_looked_at_again(failures: int, again: float) -> None:
    """The job may show itself long before the fence is over."""
    assert decide(seen(claimed(), fence_left=50.0, failures=failures, **READY)).again == again


@pytest.mark.parametrize("wish", [pytest.param("suspend", id="suspended"), pytest.param("cancel", id="cancelled")])
def test_who_does_not_hold_the_claim_grants_no_wish(wish: str) -> None:
    """The holder may be about to submit; it is taken over first, and doubted."""
    assert decide(seen(claimed({wish: True}, holder=RIVAL), **READY)).action is Action.CLAIM


def test_what_the_holder_has_said_needs_no_taking_over() -> None:
    """Two operators would take a suspended job's claim from each other for ever, only to say the same."""
    suspended = claimed({"suspend": True})
    said = decide(seen(suspended, **READY)).status
    repeated = seen(claimed({"suspend": True}, holder=RIVAL, status=said), **READY)
    again = decide(repeated)
    assert (again.action, again.status, again.again) == (Action.NONE, said, None)
    # It may have sent before it was held, and be gone: an absence that is younger than a fence is asked for again.
    again = decide(replace(repeated, ownership=replace(repeated.ownership, absence_left=9.0)))
    assert (again.action, again.status, again.again) == (Action.NONE, said, 1.0)


def test_two_operators_do_not_take_turns_in_what_they_say_behind_a_fence() -> None:
    """One knows of a request that may have worked; the other, which does not, has said that the job is suspended."""
    suspended = new({"suspend": True})
    said = decide(seen(suspended, remote=ABSENT)).status
    doubted = decide(seen(suspended, remote=ABSENT, fence_left=9.0))
    assert reason_of(doubted.status, "Submitted") == "False:SubmissionUnconfirmed"
    again = decide(seen(replace(suspended, status=said), remote=ABSENT, fence_left=9.0))
    assert (again.action, again.status, again.again) == (Action.NONE, said, 1.0)
