"""How sure a process is of its claim and of a 404, step by step on its own clock."""

import pytest

from quantumjob_operator.lifecycle.attempts import fence_of
from quantumjob_operator.lifecycle.doubts import SUBMISSION_UNCONFIRMED
from quantumjob_operator.lifecycle.fence import FenceState, Sent
from quantumjob_operator.lifecycle.observation import ABSENT, Absent, Claims, Trouble
from quantumjob_operator.model.jobstatus import Condition, JobStatus
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.model.values import replace
from rooms.lifecycle.fencing import CLAIMED, FENCE
from rooms.lifecycle.observations import HOLDER, RIVAL, accepted, claim, claimed, new, remote

OUTAGE = Trouble("ServiceUnavailable", "no answer")


def test_an_absence_lasts_from_the_first_404_of_an_unbroken_row() -> None:
    """A later 404 does not begin it anew."""
    once = FenceState().answered(ABSENT, asked=9.0, now=10.0)
    twice = once.answered(ABSENT, asked=39.0, now=40.0)
    assert once.absence_left(10.0, FENCE) == FENCE + 1.0
    assert twice.absence_left(40.0, FENCE) == FENCE - 29.0


@pytest.mark.parametrize(
    ("between", "left"),
    [
        pytest.param(remote(), FENCE + 1.0, id="a job that was found meanwhile ends the absence"),
        pytest.param(OUTAGE, FENCE - 29.0, id="a question that failed neither ends nor proves it"),
        pytest.param(None, FENCE - 29.0, id="nothing was asked"),
    ],
)
def test_what_ends_an_absence(between: RemoteJob | Absent | Trouble | None, left: float) -> None:
    """Whether the next 404 continues the row or begins another."""
    known = FenceState().answered(ABSENT, 9.0, 10.0).answered(between, 19.0, 20.0)
    assert known.answered(ABSENT, 39.0, 40.0).absence_left(40.0, FENCE) == left


def test_a_404_that_was_asked_for_within_a_doubt_is_doubted_after_it() -> None:
    """The answer tells of the moment of the question."""
    fenced = FenceState(fenced_until=50.0)
    assert fenced.answered(ABSENT, asked=49.0, now=51.0).fence_left(51.0) == 1.0
    assert fenced.answered(ABSENT, asked=50.0, now=51.0).fence_left(51.0) == 0.0
    assert fenced.answered(remote(), asked=49.0, now=51.0).fence_left(51.0) == 0.0


def test_without_a_404_the_whole_fence_is_left() -> None:
    """An absence that nobody has seen has not begun."""
    assert FenceState().absence_left(100.0, FENCE) == FENCE


def test_an_absence_from_before_the_acceptance_says_nothing_of_the_accepted_job() -> None:
    """Nor does it when another process had it accepted."""
    known = FenceState().met(claimed(), HOLDER, 0.0, FENCE).answered(ABSENT, 9.0, 10.0)
    unchanged = known.met(claimed(), HOLDER, 11.0, FENCE)
    assert unchanged.absent_since == 10.0
    assert known.met(accepted(), HOLDER, 11.0, FENCE).absent_since is None


def test_a_claim_that_is_put_where_anothers_was_taken_off_is_fenced() -> None:
    """Whose claim it was may have sent the job; the object itself tells nothing of it."""
    known = FenceState().claimed(new(), 1, asked=9.0, now=10.0, fence=FENCE, stripped=True)
    assert (known.never_sent, known.fence_left(10.0)) == (False, FENCE)


def test_what_was_asked_in_one_look_is_forgotten_in_the_next() -> None:
    """A doubt that has ended since is over."""
    known = (
        FenceState(fenced_until=50.0, acknowledged=1).answered(ABSENT, 49.0, 49.5).met(claimed(), HOLDER, 51.0, FENCE)
    )
    assert known.fence_left(51.0) == 0.0


DOUBTED = JobStatus(conditions=(Condition("Submitted", "False", SUBMISSION_UNCONFIRMED, "", "", 1),))


def test_an_attempt_that_a_claim_named_may_be_hidden_whether_the_claim_is_believed_or_not() -> None:
    """Status was refused and shows the first attempt: the claim of the second says that it may have been sent."""
    known = FenceState(fenced_until=50.0).met(new(status=accepted().status), HOLDER, 10.0, FENCE, Claims(named=2))
    assert (known.hidden_for(1, 20.0), known.hidden_for(2, 20.0)) == (10.0 + FENCE - 20.0, 0.0)


def test_a_claim_that_was_taken_off_or_set_back_is_fenced_from_when_that_was_noticed() -> None:
    """And once, unless the object names the attempt again between."""
    noticed = FenceState().met(new(), HOLDER, 10.0, FENCE, Claims(named=1))
    later = noticed.met(new(), HOLDER, 30.0, FENCE, Claims(named=1))
    restored = later.met(claimed(holder=RIVAL), HOLDER, 40.0, FENCE, Claims(named=1))
    again = restored.met(new(), HOLDER, 50.0, FENCE, Claims(named=1))
    assert [one.fenced_until for one in (noticed, later, restored, again)] == [
        10 + FENCE,
        10 + FENCE,
        10 + FENCE,
        50 + FENCE,
    ]


@pytest.mark.parametrize("job", [new(), claimed()], ids=["nothing stands there", "it was put back"])
def test_a_claim_that_was_taken_off_once_more_is_fenced_once_more(job: QuantumJob) -> None:
    """Between two reconciliations another process may have claimed the same attempt, and sent."""
    known = CLAIMED.met(new(), HOLDER, 20.0, FENCE, Claims(named=1, lost=True))
    again = replace(known, acknowledged=1).met(job, HOLDER, 90.0, FENCE, Claims(named=1, lost=True))
    assert (known.fence_left(20.0), again.fence_left(90.0), again.never_sent) == (FENCE, FENCE, False)


@pytest.mark.parametrize(
    ("before", "attempt", "never_sent", "fence"),
    [
        pytest.param(new(), 1, True, 0.0, id="an object that nobody had claimed"),
        pytest.param(new(finalizers=claimed().finalizers), 1, False, FENCE, id="a finalizer without a claim"),
        pytest.param(new(claim_unreadable=True), 1, False, FENCE, id="a claim that nobody can read"),
        pytest.param(new(status=accepted().status), 1, False, FENCE, id="a status that names a job"),
        pytest.param(new(status=DOUBTED), 1, False, FENCE, id="a status that tells of a request that may have worked"),
        pytest.param(claimed(holder=RIVAL), 1, False, FENCE, id="taken over from another process"),
        pytest.param(claimed(), 2, True, 0.0, id="a later attempt after one of our own, which no claim ever named"),
        pytest.param(claimed(holder=RIVAL), 2, False, FENCE, id="a later attempt after another process's"),
    ],
)
def test_what_a_new_claim_is_worth(before: QuantumJob, attempt: int, fence: float, *, never_sent: bool) -> None:
    """Only what nobody can have sent is not doubted; what was fenced for longer stays so."""
    own = 1 if before.claim and before.claim.holder == HOLDER else None
    known = FenceState(absent_since=1.0, acknowledged=own).claimed(before, attempt, asked=9.0, now=10.0, fence=FENCE)
    assert (known.never_sent, known.fence_left(10.0)) == (never_sent, fence)
    assert (known.may_start(13.9, 5.0), known.may_start(14.0, 5.0)) == (True, False)


def test_a_claim_that_is_taken_within_a_doubt_is_doubted_no_shorter() -> None:
    """A renounced claim that comes back may have been used before."""
    renounced = FenceState(fenced_until=200.0).renounced()
    again = renounced.claimed(new(), 1, asked=9.0, now=10.0, fence=FENCE)
    assert (again.never_sent, again.fence_left(10.0)) == (False, 190.0)


def test_without_a_claim_nothing_starts() -> None:
    """Neither before it was written nor after it was taken off; a live read renews it."""
    claim = FenceState().claimed(new(), 1, asked=9.0, now=10.0, fence=FENCE)
    assert not FenceState().may_start(0.0, 5.0)
    assert not claim.renounced().may_start(10.0, 5.0)
    assert not claim.renounced().never_sent
    assert claim.confirmed(20.0).may_start(24.0, 5.0)


@pytest.mark.parametrize(
    ("outcome", "never_sent", "fence"),
    [
        pytest.param(Sent.ACCEPTED, False, FENCE, id="accepted, and hidden for a while"),
        pytest.param(Sent.UNKNOWN, False, FENCE, id="nobody knows"),
        pytest.param(Sent.NOT_APPLIED, True, 0.0, id="refused: as if it had not been sent"),
    ],
)
def test_what_a_put_leaves(outcome: Sent, fence: float, *, never_sent: bool) -> None:
    """Doubt begins before the first byte, and lasts a fence from the end."""
    before = FenceState(never_sent=True)
    sending = before.sending()
    assert (sending.never_sent, sending.fence_left(1e9)) == (False, float("inf"))
    after = sending.sent(outcome, before, 100.0, FENCE)
    assert (after.never_sent, after.fence_left(100.0)) == (never_sent, fence)


def test_a_rival_that_appears_is_alive_and_one_that_was_there_is_not() -> None:
    """It is left alone for twice the fence; our own claim ends that."""
    first = FenceState().met(claimed(holder=RIVAL), HOLDER, 10.0, FENCE)
    assert first.rival_left(10.0) == 0.0
    free = FenceState().met(new(), HOLDER, 10.0, FENCE)
    taken = free.met(claimed(holder=RIVAL), HOLDER, 20.0, FENCE)
    assert taken.rival_left(30.0) == 2 * FENCE - 10.0
    assert taken.met(claimed(holder=RIVAL), HOLDER, 30.0, FENCE).rival_left(30.0) == 2 * FENCE - 10.0
    assert taken.met(claimed(), HOLDER, 30.0, FENCE).rival_left(30.0) == 0.0
    assert taken.claimed(new(), 1, asked=29.0, now=30.0, fence=FENCE).rival_left(30.0) == 0.0


def test_a_claim_that_is_taken_back_is_fenced_if_nobody_answered_that_it_was_written() -> None:
    """It was ours before, and answered; what its holder in between has sent may still be hidden."""
    mine = FenceState().met(new(), HOLDER, 0.0, FENCE).claimed(new(), 1, asked=0.0, now=0.1, fence=FENCE)
    assert mine.met(claimed(), HOLDER, 1.0, FENCE).never_sent
    lost = mine.met(claimed(holder=RIVAL), HOLDER, 2.0, FENCE)
    back = lost.met(claimed(), HOLDER, 200.0, FENCE)
    assert (back.never_sent, back.fence_left(200.0), back.claimed_at) == (False, FENCE, None)


def test_a_new_attempt_is_in_no_doubt() -> None:
    """Whatever was sent of the attempt before, nobody can have sent what no claim ever named."""
    before = FenceState(fenced_until=500.0, absent_since=90.0, acknowledged=1)
    known = before.claimed(claimed(), 2, asked=100.0, now=101.0, fence=50.0)
    assert (known.never_sent, known.fence_left(101.0), known.absent_since) == (True, 0.0, None)


@pytest.mark.parametrize(
    "seen_before",
    [
        pytest.param(CLAIMED.claimed(claimed(), 2, asked=19.0, now=20.0, fence=FENCE), id="it was put by ourselves"),
        pytest.param(CLAIMED.met(claimed(holder=RIVAL, attempt=2), HOLDER, 20.0, FENCE), id="it was another process's"),
        pytest.param(CLAIMED.found_last(2), id="it was found at the service"),
    ],
)
def test_an_attempt_that_was_claimed_before_the_object_was_set_back_is_fenced(seen_before: FenceState) -> None:
    """A restore, or a `kubectl replace` of an older file: the object says that nobody ever claimed the attempt."""
    known = seen_before.met(claimed(), HOLDER, 30.0, FENCE)
    again = known.claimed(claimed(), 2, asked=31.0, now=32.0, fence=FENCE)
    assert (again.never_sent, again.fence_left(32.0) >= FENCE) == (False, True)
    assert known.claimed(claimed(), 3, asked=31.0, now=32.0, fence=FENCE).never_sent


def test_a_later_attempt_than_the_object_knows_is_looked_for_until_its_fence_is_over() -> None:
    """The service may hide it as long as any."""
    known = CLAIMED.claimed(claimed(), 2, asked=19.0, now=20.0, fence=FENCE).met(claimed(), HOLDER, 30.0, FENCE)
    assert known.hidden_for(1, asked=31.0) == FENCE - 1.0
    assert known.hidden_for(1, asked=30.0 + FENCE) == 0.0
    assert known.hidden_for(2, asked=31.0) == 0.0


def test_an_object_that_forgot_what_it_had_sent_is_not_one_that_never_sent() -> None:
    """The service showed its job before it was claimed: it may have been restored."""
    shown = FenceState().answered(remote(), 8.0, 9.0)
    assert not shown.claimed(new(), 1, asked=9.0, now=10.0, fence=FENCE).never_sent
    absent = shown.answered(ABSENT, 9.0, 9.5)
    assert absent.claimed(new(), 1, asked=9.6, now=10.0, fence=FENCE).never_sent


@pytest.mark.parametrize(
    ("written", "own", "fence"),
    [
        pytest.param(None, 65.0, 65.0, id="the claim names none"),
        pytest.param(10.0, 65.0, 65.0, id="whoever held it before had a shorter one"),
        pytest.param(130.0, 65.0, 130.0, id="or a longer one"),
        pytest.param(86_400.0, 65.0, 900.0, id="a day, which no operator wrote"),
        pytest.param(86_400.0, 1_200.0, 1_200.0, id="ours is longer than what is believed of others"),
    ],
)
def test_a_fence_that_its_user_wrote_ends(written: float | None, own: float, fence: float) -> None:
    """The annotation is theirs to write, and a job that waits may hold a slot of others."""
    assert fence_of(claimed(claim=claim(fence=written)), own) == fence
