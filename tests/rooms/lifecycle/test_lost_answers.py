"""What one process may believe of its claim and of a 404, in situations that only lost answers lead to."""

from quantumjob_operator.lifecycle.fence import FenceState, Sent
from quantumjob_operator.lifecycle.observation import ABSENT
from rooms.lifecycle.observations import HOLDER, RIVAL, accepted, claimed, new, remote

FENCE = 65.0


def test_a_claim_of_ours_whose_write_was_never_answered_is_doubted() -> None:
    """It may have been taken from a process whose PUT is still under way: as if a stranger had told us of it."""
    before = FenceState().met(claimed(holder=RIVAL), HOLDER, 100.0, FENCE)
    after = before.met(claimed(), HOLDER, 101.0, FENCE)
    assert after.fence_left(101.0) == FENCE
    assert not after.never_sent
    assert not after.may_start(101.0, 5.0)
    later = after.met(claimed(), HOLDER, 130.0, FENCE)
    assert later.fence_left(130.0) == FENCE - 29.0, "the doubt begins once, not at each reconciliation"


def test_a_later_attempt_whose_claim_was_never_answered_is_doubted() -> None:
    """The same for each attempt: another process of ours may have named it, and sent it."""
    first = FenceState().claimed(new(), 1, asked=1.0, now=1.0, fence=FENCE).met(claimed(), HOLDER, 2.0, FENCE)
    assert first.never_sent
    second = first.met(claimed(attempt=2), HOLDER, 50.0, FENCE)
    assert second.fence_left(50.0) == FENCE
    assert not second.never_sent


def test_a_claim_that_was_answered_is_believed() -> None:
    """The usual case costs nothing: no wait before the first submission."""
    sure = FenceState().claimed(new(), 1, asked=1.0, now=1.0, fence=FENCE).met(claimed(), HOLDER, 2.0, FENCE)
    assert sure.never_sent
    assert sure.fence_left(2.0) == 0.0
    assert sure.may_start(2.0, 5.0)


def test_what_was_sent_for_another_object_under_the_same_id_is_doubted_too() -> None:
    """An object went away with its claim, and the next one has its idempotency key."""
    known = FenceState().fence_until(90.0, 50.0).claimed(new(), 1, asked=51.0, now=51.0, fence=FENCE)
    assert not known.never_sent
    assert known.fence_left(51.0) >= 39.0
    assert FenceState(never_sent=True).fence_until(40.0, 50.0).never_sent, "what is over is over"


def test_an_absence_says_nothing_of_a_job_that_was_accepted_meanwhile() -> None:
    """By another process, which a live read shows: the absence from before does not end that job."""
    absent = FenceState().met(claimed(), HOLDER, 10.0, FENCE)
    absent = absent.sent(Sent.UNKNOWN, absent, 10.0, FENCE)
    absent = absent.answered(ABSENT, 20.0, 20.0)
    after = absent.met(accepted(holder=RIVAL), HOLDER, 200.0, FENCE)
    assert after.absence_left(200.0, FENCE) == FENCE


def test_a_found_job_ends_an_absence() -> None:
    """Two absences with a job between them are two, not one long one."""
    known = FenceState().answered(ABSENT, 1.0, 1.0).answered(remote(), 30.0, 30.0).answered(ABSENT, 70.0, 70.0)
    assert known.absence_left(70.0, FENCE) == FENCE


def test_a_job_that_was_found_was_sent() -> None:
    """Also if we know nothing of it: what comes after is no proof that nothing runs."""
    claimed_anew = FenceState().claimed(new(), 1, asked=1.0, now=1.0, fence=FENCE)
    assert claimed_anew.never_sent
    assert claimed_anew.answered(ABSENT, 2.0, 2.0).never_sent
    assert not claimed_anew.answered(remote(), 2.0, 2.0).never_sent
